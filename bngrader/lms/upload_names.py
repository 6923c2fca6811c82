"""Names that Moodle and Canvas give to uploaded files, and the choice of the file that counts.

Moodle's "Download all submissions" makes `Ada Lovelace_12345_assignsubmission_file_/scaling.ipynb`, or without folders
`Ada Lovelace_12345_assignsubmission_file_scaling.ipynb`. The number is the participant's, in this assignment only.
Canvas makes `lovelaceada_LATE_12345_67890_scaling-1.ipynb`: the student's number, the file's number, and after the
file's name the number of earlier uploads with this name.

Students choose the names of their files, and on some sites their own names. Both can be made to look like the beginning
of another student's file, so a name that can be read in two ways belongs to nobody.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bngrader.lms.archive import Entry

MOODLE_FOLDER = re.compile(r"(?P<name>.+)_(?P<number>[0-9]+)_assignsubmission_[a-z]+_?", re.DOTALL)
MOODLE_FILE = re.compile(r"(?P<name>.+?)_(?P<number>[0-9]+)_assignsubmission_[a-z]+(?:_(?P<file>.*))?", re.DOTALL)
MOODLES_PART = re.compile(r"_[0-9]+_assignsubmission_[a-z]+")
CANVAS = re.compile(r"(?P<name>.+?)(?P<late>_LATE)?_(?P<number>[0-9]+)_[0-9]+_(?P<file>.+)", re.DOTALL)
VERSION = re.compile(
    r"(?P<stem>.*?)(?:-(?P<version>[0-9]{1,9}))?(?P<ending>\.ipynb(?:\.txt|\.json)?)", re.IGNORECASE | re.DOTALL
)
UNKNOWN = "has a name that is neither Moodle's nor Canvas's for a submission: put it into submitted/ by hand"
TWO_READINGS = (
    "has a name that could belong to two students: find out who uploaded it, and put it into submitted/ by hand"
)
TIMESTAMP = "timestamp.txt"


@dataclass(frozen=True)
class Upload:
    """A file that a student uploaded; `number` and `name` are what the platform calls the student."""

    platform: str
    name: str
    number: str
    file: str
    entry: Entry
    late: bool = False

    @property
    def is_notebook(self) -> bool:
        """True if the file has the name of a notebook."""
        return VERSION.fullmatch(self.file) is not None


def parse_names(entries: list[Entry]) -> Iterator[tuple[Entry, Upload | str]]:
    """Yield each file with the upload that its name describes, or with the reason why its owner is unknown."""
    readings = [_readings(entry) for entry in entries]
    # Every file of a download has the form of its platform. A second form can only come from a name that a student
    # chose: in Canvas that of a file, since Canvas removes numbers from students' names; in Moodle either.
    shared = {"moodle", "canvas"}.intersection(*filter(None, readings))
    trusted = shared if len(shared) == 1 else {"moodle"}
    for entry, reading in zip(entries, readings, strict=True):
        first = min(reading.values(), key=lambda upload: len(upload.name), default=None)
        if first is None:
            yield entry, UNKNOWN
        elif _is_ambiguous(first) or (len(reading) > 1 and first.platform not in trusted):
            yield entry, TWO_READINGS
        else:
            yield entry, first


def _readings(entry: Entry) -> dict[str, Upload]:
    """Return the uploads that a file's name can describe, by platform."""
    *folders, last = entry.path.parts or ("",)
    for folder in folders:  # the outermost match is Moodle's: its name ends with Moodle's own words
        if found := MOODLE_FOLDER.fullmatch(folder):
            return {"moodle": Upload("moodle", found["name"], found["number"], last, entry)}
    readings = {}
    if found := MOODLE_FILE.fullmatch(last):
        readings["moodle"] = Upload("moodle", found["name"], found["number"], found["file"] or "", entry)
    if found := CANVAS.fullmatch(last):
        late = found["late"] is not None
        readings["canvas"] = Upload("canvas", found["name"], found["number"], found["file"], entry, late)
    return readings


def _is_ambiguous(upload: Upload) -> bool:
    """Return whether Moodle's part appears twice in a name, once from the student's own name or the file's."""
    last = upload.entry.path.name
    has_a_folder = upload.file == last
    return upload.platform == "moodle" and not has_a_folder and len(MOODLES_PART.findall(last)) > 1


def choose_notebook(uploads: Iterable[Upload], assignment: str) -> Upload | None:
    """Choose the notebook to grade among a student's uploads; None if only the student can tell.

    It is the only one, or the only one with the assignment's name. Canvas numbers repeated uploads of a file, of which
    the last counts.
    """
    latest = _latest(list(uploads))
    if len(latest) == 1:
        return latest[0]
    named = [upload for upload in latest if _stem(upload) == assignment]
    return named[0] if len(named) == 1 else None


def _latest(uploads: list[Upload]) -> list[Upload]:
    """Keep the last version of each file, or all of them if two could be the last."""
    kept: list[Upload] = []
    for stem, count in Counter(map(_stem, uploads)).items():
        versions = sorted((upload for upload in uploads if _stem(upload) == stem), key=_version)
        clear = count == 1 or _version(versions[-1]) > _version(versions[-2])
        kept += versions[-1:] if clear else versions
    return kept


def _stem(upload: Upload) -> str:
    """Return the file's name in lower case without its extension, and without the number that Canvas adds."""
    matched = VERSION.fullmatch(upload.file)
    assert matched is not None
    numbered = upload.platform == "moodle" and matched["version"]
    return (f"{matched['stem']}-{matched['version']}" if numbered else matched["stem"]).casefold()


def _version(upload: Upload) -> int:
    matched = VERSION.fullmatch(upload.file)
    return int(matched["version"] or 0) if matched and upload.platform == "canvas" else 0
