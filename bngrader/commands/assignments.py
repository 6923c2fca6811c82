"""`bngrader exercises` and `bngrader check-assignments`, for authors of assignments."""

from pathlib import Path
from typing import Annotated

import typer

from bngrader.authoring.notebooks import release
from bngrader.authoring.validate import complaints
from bngrader.commands.app import app, say
from bngrader.commands.options import Slugs
from bngrader.course.folders import Course, assignments, find_repository, require_assignment


@app.command("exercises")
def make_exercises(
    slugs: Slugs = None,
    into: Annotated[Path | None, typer.Option(help="The folder to write to. Default: exercises/.")] = None,
) -> None:
    """Make the students' notebooks from solutions/, using nbgrader's own generate step.

    Example: bngrader exercises scaling
    """
    repository = find_repository()
    for slug in slugs or assignments(repository):
        require_assignment(repository, slug)
        say(release(Course(repository, repository), slug, into or repository / "exercises"))


@app.command("check-assignments")
def check_assignments(
    slugs: Slugs = None,
) -> None:
    """Check that the assignments are ready to hand out, and print what is wrong with each.

    Its notebook can be generated, its points add up, its solution earns full marks and the untouched notebook none, and
    the students' notebook reveals neither solutions nor hidden tests. The exit code is 1 if something is wrong.

    Example: bngrader check-assignments scaling
    """
    repository = find_repository()
    found = 0
    for slug in slugs or assignments(repository):
        require_assignment(repository, slug)
        wrong = list(complaints(repository, slug))
        found += len(wrong)
        say(*(f"{slug}: {sentence}" for sentence in wrong or ["ok"]))
    raise typer.Exit(1 if found else 0)
