"""`bngrader doctor`: what is missing or wrong."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bngrader.commands.app import app, cells, say
from bngrader.commands.options import ClassFolder, Database, RosterFile, find_class
from bngrader.course.files import write_json
from bngrader.course.folders import CourseError
from bngrader.doctor.check_result import NOTE, RIGHT, WRONG, CheckResult
from bngrader.doctor.course import course as course_checks
from bngrader.doctor.machine import machine

SIGNS = {RIGHT: ("ok", "green"), NOTE: ("note", "yellow"), WRONG: ("wrong", "bold red")}


@app.command("doctor")
def doctor(
    course: ClassFolder = None,
    db: Database = None,
    roster: RosterFile = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write what was found to this file too.")
    ] = None,
) -> None:
    """Say what is missing or wrong on this machine and in this course, and how to mend it.

    It changes nothing in the course. "wrong" stands in the way of grading; a "note" does not, and should be known. The
    exit code is 0 when nothing is wrong, 1 when something is, and 2 when the command itself could not run.

    Example: bngrader doctor --course ~/classes/2026
    """
    the_course = find_class(course, db)
    if not the_course.folder.is_dir():
        raise CourseError(f"--course {course}: there is no such folder")
    found = [*machine(the_course.repository, the_course.folder), *course_checks(the_course, roster)]
    Console().print(_table(found))
    wrong = sum(finding.state == WRONG for finding in found)
    say(f"{wrong} to mend." if wrong else "Nothing is wrong.")
    if json_file:
        write_json(json_file, [finding.as_dict() for finding in found])
    raise typer.Exit(1 if wrong else 0)


def _table(found: list[CheckResult]) -> Table:
    table = Table("", "about")
    for title in ("what was found", "how to mend it"):
        table.add_column(title, overflow="fold")
    for finding in found:
        sign, style = SIGNS[finding.state]
        table.add_row(Text(sign, style=style), *cells(finding.about, finding.said, finding.mend))
    return table
