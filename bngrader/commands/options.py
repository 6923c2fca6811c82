"""What several commands ask for in the same words, and what they make of it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from bngrader.course.folders import Course, CourseError, find_repository
from bngrader.lms.roster import NAME
from bngrader.submissions.read import misnamed

Slug = Annotated[str, typer.Argument(help="The assignment's slug, such as scaling.")]
Slugs = Annotated[list[str] | None, typer.Argument(help="Assignments, by their slug. Default: all.")]
ClassFolder = Annotated[Path | None, typer.Option(help="The folder of the class.", show_default="the repository")]
Database = Annotated[
    str | None, typer.Option(help="The gradebook's SQLAlchemy URL.", show_default="gradebook.db in the course")
]
RosterFile = Annotated[
    Path | None, typer.Option(help="The CSV file with the students.", show_default=f"{NAME} in the course, if any")
]


def find_class(folder: Path | None, db: str | None = None) -> Course:
    """The class that `--course` and `--db` name: without them, that of the repository around the working folder.

    Raises CourseError where there is no repository.
    """
    repository = find_repository()
    return Course(repository, (folder or repository).resolve(), db)


def require_folder_of(option: str, path: Path | None) -> None:
    """Raise CourseError where the file that an option names, if it names one, would have no folder.

    The file is written last, and what takes minutes should not be lost then.
    """
    if path and not path.resolve().parent.is_dir():
        raise CourseError(f"{option} {path}: the folder {path.parent} does not exist; make it first")


def misnamed_folders(course: Course, assignments: Iterable[str]) -> list[str]:
    """A line for each folder in submitted/ that no command looks into, because of its name."""
    named = {name: why for assignment in assignments for name, why in misnamed(course.folder, assignment).items()}
    return [f"{name}: {why}" for name, why in sorted(named.items())]
