"""`bngrader import`: import submissions from Moodle or Canvas."""

from collections import Counter
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import Progress

from bngrader.commands.app import app, say
from bngrader.commands.options import Slug, find_class, misnamed_folders
from bngrader.course.files import write_json
from bngrader.course.folders import CourseError, require_assignment
from bngrader.course.names import listed
from bngrader.lms.archive import opened
from bngrader.lms.import_submissions import MISSING, TO_LOOK_AT, Import, ImportFinding, read_times
from bngrader.lms.roster import NAME, find_roster, with_worksheet


@app.command("import")
def import_submissions(
    assignment: Slug,
    source: Annotated[Path, typer.Argument(help="The zip or the folder that you downloaded from Moodle or Canvas.")],
    course: Annotated[
        Path | None, typer.Option(help="The folder that gets submitted/.", show_default="the repository")
    ] = None,
    roster: Annotated[
        Path | None, typer.Option(help="The CSV file with the students.", show_default=f"{NAME} in the course")
    ] = None,
    worksheet: Annotated[
        Path | None, typer.Option(help="Moodle's grading worksheet of the assignment, with the participants' numbers.")
    ] = None,
    times: Annotated[
        Path | None, typer.Option(help="A CSV file with the times of submission: student_id, timestamp.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option(help="The time zone of the archive's times.", show_default="this machine's")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace existing submissions with new ones.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what the import would do.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write the result for each student to this file.")
    ] = None,
) -> None:
    """Import submissions downloaded from Moodle ("Download all submissions") or Canvas ("Download Submissions").

    The roster says which file belongs to which student. If it does not settle that for a file, the file is reported and
    left out. Existing submissions change only with --replace. The exit code is 0 if everything was imported, 1 if
    something is left for you to look at, and 2 if the command itself could not run.

    Example: bngrader import scaling ~/Downloads/scaling.zip --course ~/classes/2026
    """
    the_course = find_class(course)
    require_assignment(the_course.repository, assignment)
    known = find_roster(the_course.folder, roster)
    if known is None:
        path, columns = the_course.folder / NAME, "student_id, name, email, moodle_id and canvas_id"
        raise CourseError(
            f"{path} does not exist: create it with the columns {columns}, or name another file with --roster"
        )
    if worksheet:
        known = with_worksheet(known, worksheet)
    known_times = read_times(times) if times else {}
    work = Import(the_course, assignment, known, _zone(zone), known_times, replace, dry_run)
    with opened(source) as entries, Progress(console=Console(), transient=True) as progress:
        task = progress.add_task(f"importing {assignment}", total=len(entries))
        findings = work.run(entries, lambda count: progress.advance(task, count))
    unnamed = misnamed_folders(the_course, [assignment])
    say(*unnamed, *lines(findings))
    if json_file:
        write_json(json_file, [found.as_dict() for found in findings])
    raise typer.Exit(1 if unnamed or any(found.status in TO_LOOK_AT for found in findings) else 0)


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError) as error:
        raise CourseError(f"--zone {name}: this time zone does not exist; write one such as Europe/Berlin") from error


def lines(findings: list[ImportFinding]) -> list[str]:
    """Summarize an import: what is left to look at, who is missing, and the counts."""
    summary = [f"{found.student or listed(found.files)}: {found.message}" for found in findings if found.message]
    missing = [found.student or "" for found in findings if found.status == MISSING]
    if missing:
        summary += [f"Not handed in: {', '.join(missing)}"]
    late = [found.student or "" for found in findings if found.late]
    if late:
        summary += [f"Late, according to Canvas, which gives no times (set them with --times): {', '.join(late)}"]
    counts = Counter(found.status for found in findings)
    return [
        *summary,
        ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in counts.items()) or "no files",
    ]
