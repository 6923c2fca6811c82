"""`bngrader doctor`: check the machine and the course."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from bngrader.commands.app import app, cell, cells, say, show
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
        Path | None, typer.Option("--json", metavar="FILE", help="Also write the results to this file.")
    ] = None,
) -> None:
    """Report what is missing or wrong on this machine and in this course, and how to fix it.

    The command changes nothing in the course. A "wrong" result prevents grading; a "note" does not, but you should know
    about it. The exit code is 0 if nothing is wrong, 1 if something is, and 2 if the command itself could not run.

    Example: bngrader doctor --course ~/classes/2026
    """
    the_course = find_class(course, db)
    if not the_course.folder.is_dir():
        raise CourseError(f"--course {course}: this folder does not exist")
    results = [*machine(the_course.repository, the_course.folder), *course_checks(the_course, roster)]
    show(_table(results))
    wrong = sum(result.state == WRONG for result in results)
    say(f"Problems to fix: {wrong}." if wrong else "Everything is in order.")
    if json_file:
        write_json(json_file, [result.as_dict() for result in results])
    raise typer.Exit(1 if wrong else 0)


def _table(results: list[CheckResult]) -> Table:
    table = Table("", "check")
    for title in ("result", "how to fix it"):
        table.add_column(title, overflow="fold")
    for result in results:
        sign, style = SIGNS[result.state]
        table.add_row(cell(sign, style=style), *cells(result.about, result.message, result.fix))
    return table
