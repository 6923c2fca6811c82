"""How gradebooks are opened, so that several programs can use one at the same time and none loses a write.

Importing this module sets it for every SQLite database that this process opens after, nbgrader's own code included.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Column, MetaData, String, Table, Text, event
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DataError, IntegrityError, InterfaceError
from sqlalchemy.orm import ORMExecuteState, Session

from bngrader.course.folders import Course, CourseError, put_tools_on_path

PATIENCE = 60_000  # milliseconds that a write waits for another program's; `?timeout=5` in the URL asks for less
PYTHONS_OWN = 5_000
ABOUT_A_ROW = (DataError, IntegrityError)  # not about the database as such

# Beside nbgrader's tables: which submission each grade is for, and what was written for it.
OURS = MetaData()
MARKS = Table(
    "bngrader_mark",
    OURS,
    Column("assignment", String(128), primary_key=True),
    Column("student", String(128), primary_key=True),
    Column(
        "work", String(64), nullable=False
    ),  # 32 letters of the submission's digest, 32 of the source's and the seed's
    Column("graded", String(64), nullable=False),  # digest of the notebook in autograded/
    Column("feedback", String(64), nullable=False),  # digest of what the page in feedback/ shows
    Column("hints", Text, nullable=False),  # JSON: the hints of each graded cell, in the notebook's order
)
# What a person gave to cells that the assignment has no longer.
REMOVED = Table(
    "bngrader_removed",
    OURS,
    Column("assignment", String(128), primary_key=True),
    Column("cell", String(128), primary_key=True),
    Column("kind", String(16), primary_key=True),  # the table that it stood in: grade or comment
    Column("student", String(128), primary_key=True),
    Column("given", Text, nullable=False),  # JSON: the columns of that table, with their values
)


def database_file(course: Course) -> Path | None:
    """The file of the gradebook, or None where it is on a server.

    Raises CourseError if its address is none.
    """
    address = course.gradebook_url()
    try:
        url = make_url(address)
    except ArgumentError as error:
        example = "sqlite:////path/to/gradebook.db or postgresql+psycopg://user@host/grades"
        raise CourseError(f"{address!r} is no address of a gradebook; write one such as {example}") from error
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def require_gradebook(course: Course) -> None:
    """Raise CourseError where there is no gradebook yet; nbgrader would make an empty one."""
    file = database_file(course)
    if file and not file.is_file():
        raise CourseError(f"there is no gradebook {file}: grade first, or name another by --course or --db")
    put_tools_on_path()


@event.listens_for(Engine, "connect")
def _connect(connection: Any, record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        (patience,) = connection.execute("PRAGMA busy_timeout").fetchone()
        if patience == PYTHONS_OWN:
            connection.execute(f"PRAGMA busy_timeout = {PATIENCE}")
        connection.execute("PRAGMA journal_mode = WAL")


@event.listens_for(Session, "do_orm_execute")
def _fresh(state: ORMExecuteState) -> None:
    """Read again what is asked for: formgrader would show what it read first, whatever others have written since."""
    if state.is_select and not state.is_column_load:
        state.update_execution_options(populate_existing=True)


def begin_as_writer(engine: Engine) -> None:
    """Let every transaction of `engine` wait at its start until it may write.

    One that reads first would fail at once, without waiting, if another program wrote in between.
    """
    if engine.dialect.name == "sqlite":
        engine.dispose()  # connections that are open would not get these settings
        event.listen(engine, "connect", lambda connection, record: setattr(connection, "isolation_level", None))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))


def said_by(error: Exception) -> str:
    """What a database says of an error, in a line: its own words, without SQLAlchemy's and the statement."""
    return " ".join(str(getattr(error, "orig", error)).split())[:200]


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Turn what a database says that cannot be used into one message for the person at the keyboard.

    Raises CourseError.
    """
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        if isinstance(error, ABOUT_A_ROW):
            raise
        said = said_by(error)
        raise CourseError(
            f"the gradebook {url} cannot be used: {said}. If another program holds it, close that; then run the "
            "command again: what is graded stays, and only the rest is done"
        ) from error
