"""What Moodle and Canvas call the files that students uploaded, and which file of a student counts.

Moodle's "Download all submissions" gives `Ada Lovelace_12345_assignsubmission_file_/scaling.ipynb`, or the same without
the folder: `Ada Lovelace_12345_assignsubmission_file_scaling.ipynb`. The number is the participant's there.
Canvas gives `lovelaceada_LATE_12345_67890_scaling-1.ipynb`: the student's number, that of the file, and after a file's
name how often the student had uploaded one of this name before.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from bngrader.submitted import ENDINGS
from bngrader.transfer.archive import Entry

MOODLE = re.compile(r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_(?P<kind>[a-z]+)(?:_(?P<file>.*))?")
CANVAS = re.compile(r"(?P<name>.+?)(?P<late>_LATE)?_(?P<number>\d+)_\d+_(?P<file>.+)")
VERSION = re.compile(r"(?P<stem>.*?)(?:-(?P<version>\d+))?(?P<ending>\.ipynb(?:\.txt|\.json)?)", re.IGNORECASE)
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
        return self.file.casefold().endswith(ENDINGS)


def upload(entry: Entry) -> Upload | None:
    """Who uploaded a file, by its name; None where the name is neither Moodle's nor Canvas's."""
    *folders, last = entry.path.parts
    for folder in folders:
        moodle = MOODLE.fullmatch(folder)
        if moodle:
            return Upload("moodle", moodle["name"], moodle["number"], last, entry)
    # A student's own file name may hold the other platform's pattern: the first number is the platform's.
    found = [match for pattern in (MOODLE, CANVAS) if (match := pattern.fullmatch(last))]
    if not found:
        return None
    first = min(found, key=lambda match: match.start("number"))
    platform = "moodle" if first.re is MOODLE else "canvas"
    late = platform == "canvas" and first["late"] is not None
    return Upload(platform, first["name"], first["number"], first["file"] or "", entry, late)


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
