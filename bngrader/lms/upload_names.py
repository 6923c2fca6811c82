"""What Moodle and Canvas call the files that students uploaded, and which file of a student counts.

Moodle's "Download all submissions" gives `Ada Lovelace_12345_assignsubmission_file_/scaling.ipynb`, or the same without
the folder: `Ada Lovelace_12345_assignsubmission_file_scaling.ipynb`. The number is the participant's there.
Canvas gives `lovelaceada_LATE_12345_67890_scaling-1.ipynb`: the student's number, that of the file, and after a file's
name how often the student had uploaded one of this name before.

Students choose the names of their files, and on some sites their own. Either can look like the beginning of another
student's file, so a name that can be read in two ways is nobody's.
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
UNKNOWN = "is named neither as Moodle nor as Canvas names submissions: put it into submitted/ by hand"
TWO_READINGS = (
    "has a name that can be read as two students': find out who uploaded it, and put it into submitted/ by hand"
)
TIMESTAMP = "timestamp.txt"


@dataclass(frozen=True)
class Upload:
    """A file that a student uploaded; `number` and `name` are the platform's for the student."""

    platform: str
    name: str
    number: str
    file: str
    entry: Entry
    late: bool = False

    @property
    def is_notebook(self) -> bool:
        """Whether the file's name is a notebook's."""
        return VERSION.fullmatch(self.file) is not None


def owned(entries: list[Entry]) -> Iterator[tuple[Entry, Upload | str]]:
    """Each file with who uploaded it, by its name; or with the reason why nobody can say."""
    readings = [_readings(entry) for entry in entries]
    # Every file of a download has its platform's form. The other one comes from a name that a student chose: in Canvas
    # from that of a file, for it takes numbers out of students' own names; in Moodle from either.
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
    """The uploads that a file's name can stand for, by platform."""
    *folders, last = entry.path.parts or ("",)
    for folder in folders:  # the outermost is the platform's, and ends in the platform's own words
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
    """Tell whether Moodle's part stands twice in a name: in the student's own name, or in the file's."""
    last = upload.entry.path.name
    has_a_folder = upload.file == last
    return upload.platform == "moodle" and not has_a_folder and len(MOODLES_PART.findall(last)) > 1


def the_one_that_counts(uploads: Iterable[Upload], assignment: str) -> Upload | None:
    """The notebook to grade, among those that one student uploaded; None where only the student can say.

    It is the only one, or the only one with the assignment's name. Canvas numbers what was uploaded again: of several
    versions of one file the last counts.
    """
    latest = _latest(list(uploads))
    if len(latest) == 1:
        return latest[0]
    named = [upload for upload in latest if _stem(upload) == assignment]
    return named[0] if len(named) == 1 else None


def _latest(uploads: list[Upload]) -> list[Upload]:
    """Of each file its last version, or all of them where two could be that."""
    kept: list[Upload] = []
    for stem, count in Counter(map(_stem, uploads)).items():
        versions = sorted((upload for upload in uploads if _stem(upload) == stem), key=_version)
        clear = count == 1 or _version(versions[-1]) > _version(versions[-2])
        kept += versions[-1:] if clear else versions
    return kept


def _stem(upload: Upload) -> str:
    """The file's name in small letters without its ending, and where Canvas numbers uploads without that."""
    matched = VERSION.fullmatch(upload.file)
    assert matched is not None
    numbered = upload.platform == "moodle" and matched["version"]
    return (f"{matched['stem']}-{matched['version']}" if numbered else matched["stem"]).casefold()


def _version(upload: Upload) -> int:
    matched = VERSION.fullmatch(upload.file)
    return int(matched["version"] or 0) if matched and upload.platform == "canvas" else 0
