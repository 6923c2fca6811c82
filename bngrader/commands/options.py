"""Options that several commands share, and helpers that evaluate them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from bngrader.course.folders import Course, CourseError, find_repository
from bngrader.lms.roster import NAME
from bngrader.submissions.read import misnamed

Slug = Annotated[str, typer.Argument(help="The assignment's slug, such as scaling.")]
Slugs = Annotated[list[str] | None, typer.Argument(help="The slugs of the assignments. Default: all.")]
ClassFolder = Annotated[Path | None, typer.Option(help="The folder of the class.", show_default="the repository")]
Database = Annotated[
    str | None, typer.Option(help="The gradebook's SQLAlchemy URL.", show_default="gradebook.db in the course")
]
RosterFile = Annotated[
    Path | None, typer.Option(help="The CSV file with the students.", show_default=f"{NAME} in the course, if any")
]


def find_class(folder: Path | None, db: str | None = None) -> Course:
    """Return the class that `--course` and `--db` name; without them, the repository itself is the class.

    Raises CourseError if the working folder is in no repository.
    """
    repository = find_repository()
    return Course(repository, (folder or repository).resolve(), db)


def require_folder_of(option: str, path: Path | None) -> None:
    """Raise CourseError if the file that an option names could not be written because its folder does not exist.

    Commands check this first: the file is written last, and minutes of work should not be lost then.
    """
    if path and not path.resolve().parent.is_dir():
        raise CourseError(f"{option} {path}: the folder {path.parent} does not exist; create it first")


def misnamed_folders(course: Course, assignments: Iterable[str]) -> list[str]:
    """Return a line for each folder in submitted/ that commands skip because of its name."""
    named = {name: why for assignment in assignments for name, why in misnamed(course.folder, assignment).items()}
    return [f"{name}: {why}" for name, why in sorted(named.items())]
