"""`bngrader late`: apply the rule for late work."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from bngrader.commands.app import app, cells, say, show
from bngrader.commands.options import ClassFolder, Database, Slug, find_class, misnamed_folders
from bngrader.course.files import write_json
from bngrader.course.folders import Course, CourseError, require_assignment
from bngrader.course.times import require_time
from bngrader.gradebook.late_work import Late, opened_gradebook
from bngrader.gradebook.revision import record_assignment
from bngrader.submissions.read import handed_in, read_timestamp


@app.command("late")
def late_work(
    assignment: Slug,
    course: ClassFolder = None,
    db: Database = None,
    due: Annotated[
        str | None, typer.Option(metavar="TIME", help='Set the due date, such as "2026-03-01 12:00 UTC".')
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write the table to this file.")
    ] = None,
) -> None:
    """Apply the rule for late work, with the current configuration and extensions, and show the penalties.

    `bngrader grade` applies the rule to the submissions that it grades. Run this command if the due date, the rule, an
    extension, a time or a manual score has changed: it updates all penalties, but grades nothing. The exit code is
    0, or 1 if a folder was skipped because of its name, or 2 if the command could not run.

    Example: bngrader late scaling --course ~/classes/2026 --due "2026-03-01 12:00 UTC"
    """
    the_course = find_class(course, db)
    require_assignment(the_course.repository, assignment)
    time = require_time(due, "--due") if due else None
    if time:
        _record(the_course, assignment)
    with opened_gradebook(the_course, assignment) as gradebook:
        if time:
            gradebook.set_due(time)
        late = gradebook.late_work(_times(the_course, assignment), apply=True)
        due_now = gradebook.due()
    if due_now is None:
        say(f'{assignment} has no due date, so nothing is late. Set one with --due "2026-03-01 12:00 UTC"')
    elif late:
        show(_table(late))
        changed = sum(each.noted != each.penalty for each in late)
        say(f"Due {due_now} UTC. {changed} penalties changed.")
        say(f"Run bngrader grade {assignment} to bring their feedback pages up to date." if changed else "")
    else:
        say(f"Due {due_now} UTC. Nobody is late.")
    unnamed = misnamed_folders(the_course, [assignment])
    say(*unnamed)
    if json_file:
        write_json(json_file, [asdict(each) for each in late])
    raise typer.Exit(1 if unnamed else 0)


def _record(course: Course, assignment: str) -> None:
    """Write the assignment into the gradebook unless it is there already."""
    try:
        with opened_gradebook(course, assignment):
            return
    except CourseError:
        record_assignment(course, assignment)


def _times(course: Course, assignment: str) -> dict[str, str]:
    """Return when students handed in, according to submitted/: a time may have been added after grading."""
    places = handed_in(course.folder, assignment)
    return {student: time for student, place in places.items() if (time := read_timestamp(place))}


def _table(late: list[Late]) -> Table:
    table = Table("student", "handed in (UTC)", "days late", "points off")
    for each in late:
        off = f"{each.penalty:g}" + ("" if each.penalty == each.noted else f" (before: {each.noted:g})")
        table.add_row(*cells(each.student, each.timestamp or "-", f"{each.seconds / 86400:.2f}", off))
    return table
