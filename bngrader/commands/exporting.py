"""`bngrader export`: grades and feedback for Canvas, Moodle and other programs."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from bngrader.commands.app import app, say
from bngrader.commands.options import ClassFolder, Database, RosterFile, find_class, misnamed_folders
from bngrader.course.files import write_file, write_json
from bngrader.course.folders import Course, CourseError, require_assignment
from bngrader.gradebook.late_work import opened_gradebook
from bngrader.gradebook.records import NEEDS_MANUAL
from bngrader.lms import grade_files
from bngrader.lms.feedback_zip import moodle_feedback
from bngrader.lms.grades import MISSING, NOT_GRADED, Row, read_grades
from bngrader.lms.import_log import read_receipts
from bngrader.lms.roster import NAME, find_roster


class Format(StrEnum):
    """The formats of an export."""

    CANVAS = "canvas"
    MOODLE = "moodle"
    MOODLE_FEEDBACK = "moodle-feedback"
    CSV = "csv"
    PARQUET = "parquet"


FILES = {
    Format.CANVAS: "canvas.csv",
    Format.MOODLE: "moodle.csv",
    Format.MOODLE_FEEDBACK: "moodle-feedback.zip",
    Format.CSV: "grades.csv",
    Format.PARQUET: "grades.parquet",
}
ONE_ASSIGNMENT = {Format.MOODLE, Format.MOODLE_FEEDBACK}


@app.command("export")
def export_grades(
    assignments: Annotated[list[str], typer.Argument(help="The assignments' slugs; Moodle accepts one at a time.")],
    format: Annotated[Format, typer.Option(help="The format of the file.")] = Format.CSV,
    course: ClassFolder = None,
    db: Database = None,
    roster: RosterFile = None,
    to: Annotated[
        Path | None,
        typer.Option(help="The file to write.", show_default="exports/<assignments>-... in the course"),
    ] = None,
    title: Annotated[
        list[str] | None,
        typer.Option(help='The name of each assignment in Canvas, such as "Scaling (4711)".', show_default="the slug"),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite an existing file.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write the grades to this file.")
    ] = None,
) -> None:
    """Export grades in the format of Canvas's gradebook or Moodle's grading worksheet, or as a table.

    The formats csv and parquet hold everything; moodle-feedback is a zip with the feedback pages. Late penalties are
    subtracted and listed. Texts that a spreadsheet would run as a formula get an apostrophe in front. The exit code is
    0 if every grade is in the file, 1 if some grades are not, and 2 if the command could not run.

    Example: bngrader export scaling --format canvas --course ~/classes/2026
    """
    the_course = find_class(course, db)
    for assignment in assignments:
        require_assignment(the_course.repository, assignment)
    titles = _titles(assignments, title, format)
    path = to or the_course.folder / "exports" / f"{'-'.join(assignments)}-{FILES[format]}"
    if path.exists() and not replace:
        raise CourseError(f"{path} already exists: name another file with --to, or add --replace")
    rows = read_grades(the_course, assignments, find_roster(the_course.folder, roster))
    receipts = _receipts(the_course.folder, assignments)
    with Progress(console=Console(), transient=True) as progress:
        task = progress.add_task("exporting", total=len(rows))
        data = _data(format, the_course, rows, receipts, titles, lambda: progress.advance(task))
    write_file(path, data)
    if json_file:
        records = [asdict(row) for row in rows]
        write_json(json_file, records)
    platform = {Format.CANVAS: "canvas", Format.MOODLE: "moodle", Format.MOODLE_FEEDBACK: "moodle"}.get(format)
    unknown = grade_files.without_a_number(platform, rows, receipts) if platform else []
    unnamed = misnamed_folders(the_course, assignments)
    say(*_remarks(the_course, assignments, rows), *_about_unknown(platform, unknown), *unnamed, path)
    raise typer.Exit(1 if unknown or unnamed else 0)


def _titles(assignments: list[str], title: list[str] | None, format: Format) -> dict[str, str]:
    if format in ONE_ASSIGNMENT and len(assignments) > 1:
        count = len(assignments)
        raise CourseError(f"--format {format}: Moodle accepts one assignment at a time, but {count} are named")
    titles = title or assignments
    if len(titles) != len(assignments):
        raise CourseError(
            f"--title: {len(titles)} titles for {len(assignments)} assignments; give one for each, in the same order"
        )
    return dict(zip(assignments, titles, strict=True))


def _receipts(folder: Path, assignments: list[str]) -> grade_files.Receipts:
    """Read the receipts of the assignments' imports; Canvas's numbers are the same in all of them."""
    found: grade_files.Receipts = {}
    for assignment in assignments:
        found |= read_receipts(folder, assignment)
    return found


def _data(
    format: Format,
    course: Course,
    rows: list[Row],
    receipts: grade_files.Receipts,
    titles: dict[str, str],
    each: Callable[[], None],
) -> bytes:
    if format is Format.CANVAS:
        return grade_files.canvas(rows, receipts, titles)
    if format is Format.MOODLE:
        return grade_files.moodle(rows, receipts)
    if format is Format.MOODLE_FEEDBACK:
        return moodle_feedback(course, rows, receipts, each)
    return grade_files.as_parquet(rows) if format is Format.PARQUET else grade_files.as_csv(rows)


def _remarks(course: Course, assignments: list[str], rows: list[Row]) -> list[str]:
    """List what a person should know about the grades before uploading them."""
    late = [f"{row.student.id} ({row.assignment}): {grade_files.in_words(row)}" for row in rows if row.late_penalty]
    remarks = [f"{len(late)} late penalties are subtracted:", *(f"  {line}" for line in late)] if late else []
    counts = Counter(row.status for row in rows)
    ungraded = ", ".join(row.student.id for row in rows if row.status == NOT_GRADED)
    about = {
        NEEDS_MANUAL: "wait for a person: answers that nobody has read yet count as 0",
        NOT_GRADED: f"handed in, but not graded: no grade is exported (`bngrader grade` says why): {ungraded}",
        MISSING: "not handed in: no grade is exported",
    }
    remarks += [f"{counts[status]} {sentence}." for status, sentence in about.items() if counts[status]]
    over = [row.student.id for row in rows if row.score is not None and row.score > row.max_score]
    remarks += [f"More points than the maximum, which Moodle ignores: {', '.join(over)}."] if over else []
    for assignment in assignments:
        with opened_gradebook(course, assignment) as gradebook:
            if any(each.noted != each.penalty for each in gradebook.late_work(apply=False)):
                remarks += [f"The late penalties of {assignment} are out of date: run bngrader late {assignment}."]
    return remarks


def _about_unknown(platform: str | None, unknown: list[str]) -> list[str]:
    if not (platform and unknown):
        return []
    fault = "The file has no line for these students" if platform == "moodle" else "Canvas may not find these students"
    fix = f"Add their {platform}_id to {NAME}, or import their submissions from {platform.title()}"
    return [f"{fault}: {', '.join(unknown)}. ({fix}.)"]
