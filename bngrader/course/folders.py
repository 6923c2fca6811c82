"""The folders of a course, and nbgrader's configuration for them."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbconvert.filters import strip_ansi
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from bngrader.course.source_folder import source_folder

CONFIG = "nbgrader_config.py"
MAX_MESSAGE_CHARACTERS = 400


class CourseError(Exception):
    """A fault in the course's files that the user can correct; the text says how."""


def find_repository(start: Path | None = None) -> Path:
    """Find the nearest folder, from `start` (by default the working folder) upwards, that holds the course's solutions.

    If there is none, it is the folder from which this package was installed in editable mode.

    Raises CourseError if neither is a checkout of the course.
    """
    start = (start or Path.cwd()).resolve()
    for folder in [start, *start.parents, Path(__file__).resolve().parents[2]]:
        if (folder / "solutions").is_dir() and (folder / CONFIG).is_file():
            return folder
    raise CourseError(
        f"{start} is not inside a checkout of the course: neither it nor a folder above it holds solutions/ "
        f"and {CONFIG}. Run the command inside the checkout."
    )


def assignments(repository: Path) -> list[str]:
    """List the slugs of the assignments: each is a file in `solutions/`."""
    return sorted(path.stem for path in (repository / "solutions").glob("*.py"))


def require_assignment(repository: Path, slug: str) -> None:
    """Raise CourseError, naming the existing slugs, unless `slug` is an assignment."""
    known = assignments(repository)
    if slug not in known:
        raise CourseError(
            f"there is no assignment {slug!r}; the assignments in solutions/ are: {', '.join(known) or 'none'}"
        )


def put_tools_on_path() -> None:
    """Make sure that nbgrader finds `alembic`, which it calls by name to create a gradebook."""
    tools = str(Path(sys.executable).parent)
    if tools not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([tools, os.environ.get("PATH", "")])


def require_success(result: dict[str, Any], doing: str) -> None:
    """Turn a failure that nbgrader's API reports into an error with nbgrader's own message.

    Raises CourseError, saying what nbgrader was `doing`, unless the result is a success.
    """
    if not result["success"]:
        lines = strip_ansi(result.get("error") or "").strip().splitlines()
        if lines[-1:] == ["KeyboardInterrupt"]:  # nbgrader reports Ctrl-C like any other error
            raise KeyboardInterrupt
        logged = [line for line in strip_ansi(result.get("log") or "").splitlines() if line.startswith("[ERROR]")]
        message = [*(line.removeprefix("[ERROR] ") for line in logged[:1]), *lines[-1:], "it does not say why"][0]
        raise CourseError(f"nbgrader failed {doing}: {message[:MAX_MESSAGE_CHARACTERS]}")


def database_files(url: str | None) -> list[str]:
    """List the files of a database if it is an SQLite database."""
    try:
        name = make_url(url).database if url and url.startswith("sqlite") else None
    except ArgumentError:  # the code that opens the database reports it
        return []
    return [os.path.abspath(name) + ending for ending in ("", "-wal", "-shm")] if name else []


@dataclass(frozen=True)
class Course:
    """One class: the checkout that holds the assignments, and the folder that holds the students' work."""

    repository: Path
    folder: Path
    db: str | None = None  # the gradebook's URL, if it is not gradebook.db in the folder

    @property
    def private(self) -> list[str]:
        """Folders and files of the class, and of nbgrader's exchange, that no submission may see."""
        exchange = self.nbgrader_config().Exchange
        places = [str(exchange[name]) for name in ("root", "cache") if isinstance(exchange.get(name), str)]
        return [str(self.repository), str(self.folder), *places, *database_files(self.gradebook_url())]

    def gradebook_url(self) -> str:
        """Return the SQLAlchemy URL of the gradebook: from the command line, else from the configuration."""
        return str(CourseDirectory(config=self.nbgrader_config()).db_url)

    def nbgrader_config(self, **course_directory: str) -> Config:
        """Build nbgrader's configuration from the repository's file, the folder's own file, and this class's paths."""
        config = Config()
        for place in dict.fromkeys([self.repository, self.folder]):
            if (place / CONFIG).is_file():
                config.merge(_load(place))
        paths = {"root": str(self.folder), "source_directory": str(source_folder(self.repository)), **course_directory}
        if self.db:
            paths["db_url"] = self.db
        config.CourseDirectory.update(paths)
        return config


def _load(folder: Path) -> Config:
    try:
        return PyFileConfigLoader(CONFIG, path=str(folder)).load_config()
    except Exception as error:
        raise CourseError(f"{folder / CONFIG} does not run: {type(error).__name__}: {error}") from error
