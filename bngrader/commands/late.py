"""`bngrader late`: who is late, and what it costs."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bngrader.commands.app import app, cells, say
from bngrader.commands.options import ClassFolder, Database, Slug, left_out, the_class
from bngrader.course.files import write_json
from bngrader.course.folders import Course, CourseError, require_assignment
from bngrader.course.times import required
from bngrader.gradebook.late_work import Late, opened_gradebook
from bngrader.gradebook.revision import record_assignment
from bngrader.submissions.read import handed_in, read_timestamp


@app.command("late")
def late_work(
    assignment: Slug,
    course: ClassFolder = None,
    db: Database = None,
    due: Annotated[
        str | None, typer.Option(metavar="TIME", help='Set when it is due, such as "2026-03-01 12:00 UTC".')
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the table to this file too.")
    ] = None,
) -> None:
    """Apply the rule for late work, as the configuration and the extensions say now, and show whom it costs what.

    `bngrader grade` applies it to what it grades. This command does so again for all, after the due date, the rule, an
    extension, a time or a score by hand has changed, without grading anything. The exit code is 0, 1 when a folder was
    left out for its name, and 2 when the command could not run.

    Example: bngrader late scaling --course ~/classes/2026 --due "2026-03-01 12:00 UTC"
    """
    the_course = the_class(course, db)
    require_assignment(the_course.repository, assignment)
    time = required(due, "--due") if due else None
    if time:
        _record(the_course, assignment)
    with opened_gradebook(the_course, assignment) as gradebook:
        if time:
            gradebook.set_due(time)
        late = gradebook.late_work(_times(the_course, assignment), apply=True)
        due_now = gradebook.due()
    if due_now is None:
        say(f'{assignment} has no due date, so nothing is late: set one by --due "2026-03-01 12:00 UTC"')
    elif late:
        Console().print(_table(late))
        changed = sum(each.noted != each.penalty for each in late)
        say(f"Due {due_now} UTC. {changed} penalties changed.")
        say(f"bngrader grade {assignment} brings their pages of feedback up to date." if changed else "")
    else:
        say(f"Due {due_now} UTC. Nobody is late.")
    unnamed = left_out(the_course, [assignment])
    say(*unnamed)
    if json_file:
        write_json(json_file, [asdict(each) for each in late])
    raise typer.Exit(1 if unnamed else 0)


def _record(course: Course, assignment: str) -> None:
    """Write the assignment into the gradebook, if nothing was graded before."""
    try:
        with opened_gradebook(course, assignment):
            return
    except CourseError:
        record_assignment(course, assignment)


def _times(course: Course, assignment: str) -> dict[str, str]:
    """When students handed in, as submitted/ says now: a time may have come after the grades."""
    places = handed_in(course.folder, assignment)
    return {student: time for student, place in places.items() if (time := read_timestamp(place))}


def _table(late: list[Late]) -> Table:
    table = Table("student", "handed in (UTC)", "days late", "points off")
    for each in late:
        off = f"{each.penalty:g}" + ("" if each.penalty == each.noted else f" (before: {each.noted:g})")
        table.add_row(*cells(each.student, each.timestamp or "-", f"{each.seconds / 86400:.2f}", off))
    return table
