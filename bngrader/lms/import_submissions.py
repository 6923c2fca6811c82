"""Import of downloaded submissions into submitted/; their owners are looked up in the roster and never guessed."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any

from nbgrader.utils import parse_utc

from bngrader.course.csv_files import read
from bngrader.course.files import write_file
from bngrader.course.folders import Course
from bngrader.course.times import format_time, parse_time, require_time
from bngrader.lms.archive import Entry, Refused
from bngrader.lms.import_log import Receipt, keep_receipts
from bngrader.lms.roster import Roster, Student
from bngrader.lms.upload_names import TIMESTAMP, TWO_READINGS, Upload, choose_notebook, parse_names
from bngrader.submissions.read import Unreadable, handed_in, read_submission, read_timestamp

IMPORTED, REPLACED, TIMED, UNCHANGED, KEPT = "imported", "replaced", "timed", "unchanged", "kept"
STRANGER, DUPLICATE, REFUSED, NO_NOTEBOOK, UNKNOWN, AMBIGUOUS, MISSING = (
    "stranger",
    "duplicate",
    "refused",
    "no_notebook",
    "unknown_name",
    "ambiguous_name",
    "missing",
)
TO_LOOK_AT = {KEPT, STRANGER, DUPLICATE, REFUSED, NO_NOTEBOOK, UNKNOWN, AMBIGUOUS}


@dataclass(frozen=True)
class ImportFinding:
    """The result for a student's files, or for a file without an owner; `message` explains it if necessary.

    "timed" means that the notebook was there already, and its time was added.
    """

    status: str
    student: str | None = None
    files: list[str] = field(default_factory=list)
    timestamp: str | None = None
    late: bool = False
    message: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as plain data, for JSON. Scripts may know the message by its old name, `said`."""
        return asdict(self) | {"said": self.message}


@dataclass
class Import:
    """One import of an assignment. `times` are times of submission that override the archive's."""

    course: Course
    assignment: str
    roster: Roster
    zone: tzinfo | None = None  # of the times in the archive; None: of this machine
    times: dict[str, str] = field(default_factory=dict)
    replace: bool = False
    dry_run: bool = False

    def run(self, entries: list[Entry], done: Callable[[int], None]) -> list[ImportFinding]:
        """Import the files and return a finding for each student; `done` is called with the number of processed files.

        Raises CourseError if a file cannot be written; what was imported before stays.
        """
        findings, owners = self._sorted_by_owner(entries)
        there = handed_in(self.course.folder, self.assignment)
        receipts: dict[str, Receipt] = {}
        try:
            for student, uploads in owners.items():
                findings.append(self._import(student, uploads, there.get(student), receipts))
                done(len(uploads))
        finally:
            if receipts and not self.dry_run:
                keep_receipts(self.course.folder, self.assignment, receipts)
        absent = [student for student in self.roster.students if student not in owners and student not in there]
        return findings + [ImportFinding(MISSING, student) for student in absent]

    def _sorted_by_owner(self, entries: list[Entry]) -> tuple[list[ImportFinding], dict[str, list[Upload]]]:
        findings: list[ImportFinding] = []
        people: dict[tuple[str, str, str], list[Upload]] = {}
        for entry, found in parse_names(entries):
            if isinstance(found, str):
                status = AMBIGUOUS if found == TWO_READINGS else UNKNOWN
                findings.append(ImportFinding(status, files=[str(entry.path)], message=found))
            else:
                name = found.name if found.platform == "moodle" else ""
                people.setdefault((found.platform, found.number, name), []).append(found)
        numbers = {(platform, number) for platform, number, _ in people}
        owners: dict[str, list[Upload]] = {}
        for uploads in people.values():
            owner = self._owner(uploads[0], numbers)
            if isinstance(owner, Student):
                owners.setdefault(owner.id, []).extend(uploads)
            else:
                findings.append(ImportFinding(STRANGER, files=_paths(uploads), message=owner))
        return findings, owners

    def _owner(self, uploaded: Upload, numbers: set[tuple[str, str]]) -> Student | str:
        """Return the owner of an upload according to the roster, or why there is none; `numbers` has all uploads'."""
        platform, number, name = uploaded.platform, uploaded.number, uploaded.name
        by_number, by_name = self.roster.with_id(platform, number), self.roster.named(platform, name)
        if by_number and (by_number in by_name or not by_name):
            return by_number
        way_out = f"give the {platform}_id {number} to the right student in {self.roster.path}, and import again"
        if by_number:
            others = " and ".join(student.id for student in by_name)
            return f"the number {number} belongs to {by_number.id}, but the name {name!r} to {others}: {way_out}"
        # A student with another number in Canvas is somebody else, whatever the name. Moodle's numbers change with each
        # assignment, so there another number excludes a student only if one of these uploads has it.
        other = {student.id for student in by_name if (platform, getattr(student, f"{platform}_id")) in numbers}
        near = [s for s in by_name if s.id not in other and (platform == "moodle" or not s.canvas_id)]
        if len(near) == 1:
            return near[0]
        who = "nobody" if not near else " and ".join(student.id for student in near)
        return f"the name {name!r} with the number {number} belongs to {who} in the roster: {way_out}"

    def _import(
        self, student: str, uploads: list[Upload], there: Path | None, receipts: dict[str, Receipt]
    ) -> ImportFinding:
        """Import what one student uploaded."""
        chosen = self._chosen(student, uploads)
        if isinstance(chosen, ImportFinding):
            return chosen
        finding = ImportFinding(IMPORTED, student, [str(chosen.entry.path)], self._time(student, chosen), chosen.late)
        try:
            data = chosen.entry.read()
        except Refused as refused:
            return replace(finding, status=REFUSED, message=str(refused))
        finding = self._compared_with_existing(finding, data, there)
        if own := _own_time(uploads, finding.timestamp):
            finding = replace(finding, message=". ".join(filter(None, [finding.message, own])))
        if finding.status != KEPT:
            if finding.status != UNCHANGED and not self.dry_run:
                self._write(finding, data)
            late = "late" if chosen.late else ""
            origin = (chosen.platform, chosen.number, chosen.name, chosen.file)
            receipts[student] = Receipt(student, *origin, finding.timestamp or "", late)
        return finding

    def _chosen(self, student: str, uploads: list[Upload]) -> Upload | ImportFinding:
        people = {(upload.platform, upload.number) for upload in uploads}
        if len(people) > 1:
            message = (
                f"according to the roster, the files of {len(people)} people belong to {student}: "
                "keep only the right ones, and import again"
            )
            return ImportFinding(DUPLICATE, student, _paths(uploads), message=message)
        notebooks = [upload for upload in uploads if upload.is_notebook]
        if not notebooks:
            message = "uploaded no notebook: ask for the .ipynb file"
            return ImportFinding(NO_NOTEBOOK, student, _paths(uploads), message=message)
        chosen = choose_notebook(notebooks, self.assignment)
        if chosen is None:
            message = (
                f"uploaded {len(notebooks)} notebooks, and neither their versions nor the name {self.assignment} "
                "tells which one counts: ask the student"
            )
            return ImportFinding(DUPLICATE, student, _paths(notebooks), message=message)
        return chosen

    def _time(self, student: str, chosen: Upload) -> str | None:
        """Find the time of submission: from --times, or else from Moodle's archive.

        Canvas's archive only has the time of the download, and a student's own files prove nothing.
        """
        if student in self.times:
            return self.times[student]
        time = chosen.entry.time
        if chosen.platform == "canvas" or time is None:
            return None
        return format_time((time if time.tzinfo else time.replace(tzinfo=self.zone)).astimezone(UTC))

    def _compared_with_existing(self, finding: ImportFinding, data: bytes, there: Path | None) -> ImportFinding:
        if there is None:
            return finding
        try:
            same = read_submission(there, self.assignment) == data
        except Unreadable:
            same = False
        time = _time_of(there)
        if same and not self._is_news(finding, time):
            return replace(finding, status=UNCHANGED)
        if same and time is None:
            return replace(finding, status=TIMED)
        if self.replace:
            return replace(finding, status=REPLACED)
        other = f"the same notebook, handed in at {time}" if same else "another submission"
        message = f"{there.relative_to(self.course.folder)} already holds {other}: add --replace to replace it"
        return replace(finding, status=KEPT, message=message)

    def _is_news(self, finding: ImportFinding, known: str | None) -> bool:
        """Return whether the time of an existing notebook should change.

        A later time counts only if it is from --times: files that are unpacked or downloaded again may lose theirs.
        """
        if finding.timestamp is None or known is None or finding.student in self.times:
            return finding.timestamp not in (None, known)
        return finding.timestamp < known

    def _write(self, finding: ImportFinding, data: bytes) -> None:
        """Write a submission, the time first: if that is interrupted, the missing notebook shows it."""
        assert finding.student is not None
        place = self.course.folder / "submitted" / finding.student / self.assignment
        if finding.timestamp:
            write_file(place / TIMESTAMP, finding.timestamp.encode())
        else:
            (place / TIMESTAMP).unlink(missing_ok=True)  # it belongs to an earlier submission
        write_file(place / f"{self.assignment}.ipynb", data)


def _own_time(uploads: list[Upload], counted: str | None) -> str:
    """Return a sentence about a student's own timestamp.txt, if it disagrees with the time that counts."""
    for upload in uploads:
        if upload.file == TIMESTAMP:
            with suppress(Refused, ValueError, OverflowError):
                own = format_time(parse_time(upload.entry.read()[:100].decode()))
                if own != counted:
                    counts = f"{counted} counts" if counted else "the archive has no time"
                    return f"The student uploaded a {TIMESTAMP} that says {own}, which does not count: {counts}"
    return ""


def _time_of(there: Path) -> str | None:
    text = read_timestamp(there)
    return format_time(parse_utc(text)) if text else None


def read_times(path: Path) -> dict[str, str]:
    """Read times of submission from a CSV file with the columns student_id and timestamp.

    Raises CourseError, with the line, if a text is not a time.
    """
    return {
        line["student_id"]: format_time(require_time(line["timestamp"], f"{path}, line {line.number}"))
        for line in read(path, ["student_id", "timestamp"])
    }


def _paths(uploads: list[Upload]) -> list[str]:
    return [str(upload.entry.path) for upload in uploads]
