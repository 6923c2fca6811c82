"""`bngrader report`: write a report on the class."""

from pathlib import Path
from typing import Annotated

import typer

from bngrader.commands.app import app, errors, say
from bngrader.commands.options import ClassFolder, Database, find_class, misnamed_folders, require_folder_of
from bngrader.course.files import write_json
from bngrader.course.folders import CourseError
from bngrader.report.collect import collect
from bngrader.report.tables import tables


@app.command("report")
def report_on_class(
    course: ClassFolder = None,
    db: Database = None,
    into: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="The folder to write to.", show_default="report/ in the course"),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write the tables to this file.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an earlier report.")] = False,
) -> None:
    """Show how a class is doing: one page of HTML with plots and tables, and the tables as CSV.

    It shows the scores by assignment and by function, the difficulty of each test and how well it tells students apart,
    the most common mistakes, who is missing, and who changed their answers after feedback. The exit code is 0 if
    the report is written, 1 if a folder was skipped because of its name, and 2 if the command could not run.

    Example: bngrader report --course ~/classes/2026
    """
    from bngrader.report.write import PAGE, write_report  # imported here, so that no other command waits for matplotlib

    the_course = find_class(course, db)
    target = into or the_course.folder / "report"
    if (target / PAGE).exists() and not force:
        raise CourseError(f"{target} already contains a report. Name another folder with --into, or add --force")
    require_folder_of("--json", json_file)
    with errors.status("reading the gradebook"):
        data = collect(the_course)
    with errors.status("drawing"):
        page = write_report(data, target)
    if json_file:
        records = {
            table.name: [dict(zip(table.columns, row, strict=True)) for row in table.rows]
            for table in tables(data).values()
        }
        write_json(json_file, records)
    unnamed = misnamed_folders(the_course, [assignment.name for assignment in data.assignments])
    say(*unnamed, page)
    raise typer.Exit(1 if unnamed else 0)
