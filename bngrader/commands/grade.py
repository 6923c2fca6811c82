"""`bngrader grade`: grade every submission of a class."""

import functools
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from bngrader.commands.app import app, cell, cells, errors, say, show
from bngrader.commands.options import Database, Slug, find_class, require_folder_of
from bngrader.course.files import write_json
from bngrader.course.folders import Course, CourseError
from bngrader.engine.errors import SandboxMissing
from bngrader.engine.sandbox.namespaces import require
from bngrader.engine.settings import Engine
from bngrader.gradebook.records import FAILED, NEEDS_MANUAL, Record
from bngrader.grading.dask_client import Scheduler
from bngrader.grading.dask_pool import on_cluster
from bngrader.grading.grade_class import Grading
from bngrader.grading.pool import Workers, cores
from bngrader.grading.process_pool import in_processes


@app.command("grade")
def grade_class(
    assignment: Slug,
    course: Annotated[
        Path | None,
        typer.Option(
            help="The folder with submitted/; it gets autograded/, feedback/ and gradebook.db.",
            show_default="the repository",
        ),
    ] = None,
    db: Database = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write the records to this file.")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Number of submissions graded at a time.", show_default="the machine's cores"),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Grade on the workers of this Dask scheduler instead of this machine."),
    ] = None,
    tls_ca_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The certificate of the scheduler's authority, for tls://.")
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your certificate for the scheduler, for tls://.")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The secret key of that certificate, for tls://.")
    ] = None,
    insecure_scheduler: Annotated[
        bool,
        typer.Option(
            "--insecure-scheduler",
            help="Use an address without TLS on another machine. Anyone who can reach it can run code as you.",
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Grade unchanged submissions again.")] = False,
    unsafe_no_sandbox: Annotated[
        bool,
        typer.Option("--unsafe-no-sandbox", help="Run submissions without a sandbox: they can do whatever you can do."),
    ] = False,
) -> None:
    """Grade every submission at submitted/<student>/<assignment>/<assignment>.ipynb that is new or has changed.

    A submission that cannot be graded is reported and does not stop the others. If anything interrupts the command,
    run it again: it continues with the rest. The exit code is 0 if no submission was skipped, 1 if a folder was skipped
    because of its name, 2 if the command itself could not run, and 130 if Ctrl-C stopped it.

    Example: bngrader grade scaling --course ~/classes/2026 --json scores.json
    """
    the_course = find_class(course, db)
    require_folder_of("--json", json_file)
    settings = _engine_settings(the_course, unsafe_no_sandbox, on_this_machine=scheduler is None)
    grading = Grading(the_course, assignment, settings, force)
    cluster = Scheduler(scheduler, tls_ca_file, tls_cert, tls_key, insecure_scheduler) if scheduler else None
    if not cluster and (insecure_scheduler or any((tls_ca_file, tls_cert, tls_key))):
        raise CourseError("--tls-ca-file, --tls-cert, --tls-key and --insecure-scheduler need --scheduler ADDRESS")
    workers: Workers = (
        functools.partial(on_cluster, scheduler=cluster)
        if cluster
        else functools.partial(in_processes, count=jobs or cores())
    )
    console = Console()
    records, stopped_by = _grade_with_progress(console, grading, workers)
    if records:
        show(score_table(records), console=console)
        _say_what_is_left(console, grading, records)
    if stopped_by:
        say(f"Stopped after {len(records)} of {grading.count} submissions.", console=errors)
    if json_file:
        write_json(json_file, [record.as_dict() for record in records])
    if isinstance(stopped_by, CourseError):
        raise stopped_by
    if stopped_by:
        raise typer.Exit(130)
    raise typer.Exit(1 if grading.misnamed else 0)


def _engine_settings(course: Course, unsafe_no_sandbox: bool, *, on_this_machine: bool) -> dict[str, object]:
    """Return the engine's settings from the configuration files and the command line.

    Raises CourseError if submissions are to run on this machine and it cannot isolate them.
    """
    engine = Engine(config=course.nbgrader_config())
    engine.unsafe_no_sandbox |= unsafe_no_sandbox
    engine.private = [*engine.private, *course.private]
    if on_this_machine:
        try:
            require(engine.unsafe_no_sandbox)
        except SandboxMissing as missing:
            raise CourseError(str(missing)) from missing
    return engine.as_dict()


def _grade_with_progress(
    console: Console, grading: Grading, workers: Workers
) -> tuple[list[Record], CourseError | KeyboardInterrupt | None]:
    """Grade with a progress bar; return the records by student, and the error that stopped it, if any."""
    records: list[Record] = []
    stopped_by: CourseError | KeyboardInterrupt | None = None
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(f"grading {grading.assignment}", total=grading.count)
        try:
            for record in grading.run(workers):
                records.append(record)
                progress.advance(task)
        except (CourseError, KeyboardInterrupt) as error:
            stopped_by = error
    return sorted(records, key=lambda record: record.student), stopped_by


def score_table(records: list[Record]) -> Table:
    """Make a table with a line for each submission: student, score, status and the cells to look at."""
    table = Table("student", "score", "status", "lost points (?: waits for a person)")
    for record in records:
        score = "-" if record.score is None else f"{record.score:g} / {record.max_score:g}"
        table.add_row(*cells(record.student, score, record.status), cell(_cells_to_look_at(record), lines=True))
    return table


def _cells_to_look_at(record: Record) -> str:
    """List the cells that lost points or wait for a person, one on each line."""
    open_cells = {
        name: cell for name, cell in record.cells.items() if cell.score is None or cell.score < cell.max_score
    }
    if len(open_cells) > 4 and len(open_cells) == len(record.cells):
        return "every cell"
    return "\n".join(
        f"{name.removeprefix('test_')}: {'?' if cell.score is None else f'{cell.score:g}'} of {cell.max_score:g}"
        for name, cell in open_cells.items()
    )


def _say_what_is_left(console: Console, grading: Grading, records: list[Record]) -> None:
    failed = [record for record in records if record.status == FAILED]
    waiting = sum(record.status == NEEDS_MANUAL for record in records)
    lines = [f"{change}. Manual scores of changed cells need another look." for change in grading.revised]
    lines += [f"{student}: {'; '.join(notes)}" for student, notes in sorted(grading.notes.items())]
    lines += [f"{record.student}: {record.error}" for record in failed]
    if grading.already:
        lines += [f"Already graded and unchanged: {grading.already}. (--force grades them again.)"]
    lines += [f"{len(records)} submissions: {waiting} wait for a person's grade, {len(failed)} failed."]
    lines += [f"Feedback: {grading.course.folder / 'feedback'}"]
    say(*lines, console=console)
