"""Settings for opening gradebooks, so that several programs can use one at the same time and no write is lost.

Importing this module applies them to every SQLite database that this process opens afterwards, also in nbgrader's code.
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

BUSY_TIMEOUT_MS = 60_000  # a write waits this long for another program's; `?timeout=5` in the URL asks for less
PYTHON_BUSY_TIMEOUT_MS = 5_000  # Python's default, which shows that the URL sets none
MAX_MESSAGE_CHARACTERS = 200
ROW_ERRORS = (DataError, IntegrityError)  # they concern one row, not the whole database

# bngrader's own tables in the same database. This one says which submission each grade is for, and what was written.
OWN_TABLES = MetaData()
MARKS = Table(
    "bngrader_mark",
    OWN_TABLES,
    Column("assignment", String(128), primary_key=True),
    Column("student", String(128), primary_key=True),
    Column(
        "work", String(64), nullable=False
    ),  # 32 letters of the submission's digest, 32 of the source's and the seed's
    Column("graded", String(64), nullable=False),  # digest of the notebook in autograded/
    Column("feedback", String(64), nullable=False),  # digest of what the page in feedback/ shows
    Column("hints", Text, nullable=False),  # JSON: the hints of each graded cell, in the notebook's order
)
# Scores and comments by hand for cells that the assignment no longer has.
REMOVED = Table(
    "bngrader_removed",
    OWN_TABLES,
    Column("assignment", String(128), primary_key=True),
    Column("cell", String(128), primary_key=True),
    Column("kind", String(16), primary_key=True),  # the table that it was in: grade or comment
    Column("student", String(128), primary_key=True),
    Column("given", Text, nullable=False),  # JSON: the columns of that table, with their values
)


def database_file(course: Course) -> Path | None:
    """Return the file of the gradebook, or None if it is on a server.

    Raises CourseError if its address is not valid.
    """
    address = course.gradebook_url()
    try:
        url = make_url(address)
    except ArgumentError as error:
        example = "sqlite:////path/to/gradebook.db or postgresql+psycopg://user@host/grades"
        raise CourseError(f"{address!r} is not the address of a gradebook; write one such as {example}") from error
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def require_gradebook(course: Course) -> None:
    """Raise CourseError if there is no gradebook yet; nbgrader would create an empty one."""
    file = database_file(course)
    if file and not file.is_file():
        raise CourseError(f"there is no gradebook {file}: grade first, or name another with --course or --db")
    put_tools_on_path()


@event.listens_for(Engine, "connect")
def _connect(connection: Any, record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        (timeout_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
        if timeout_ms == PYTHON_BUSY_TIMEOUT_MS:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA journal_mode = WAL")


@event.listens_for(Session, "do_orm_execute")
def _fresh(state: ORMExecuteState) -> None:
    """Read rows from the database again: otherwise formgrader shows what it read first, and not what others wrote."""
    if state.is_select and not state.is_column_load:
        state.update_execution_options(populate_existing=True)


def begin_as_writer(engine: Engine) -> None:
    """Make every transaction of `engine` wait at its start until it may write.

    A transaction that reads first would fail without waiting if another program wrote in between.
    """
    if engine.dialect.name == "sqlite":
        engine.dispose()  # open connections would not get these settings
        event.listen(engine, "connect", lambda connection, record: setattr(connection, "isolation_level", None))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))


def driver_message(error: Exception) -> str:
    """Return the driver's message for a database error on one line, without SQLAlchemy's text and the statement."""
    return " ".join(str(getattr(error, "orig", error)).split())[:MAX_MESSAGE_CHARACTERS]


@contextmanager
def explain_errors(url: str) -> Iterator[None]:
    """Turn the errors of a database that cannot be used into one message for the user.

    Raises CourseError.
    """
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        if isinstance(error, ROW_ERRORS):
            raise
        raise CourseError(
            f"the gradebook {url} cannot be used: {driver_message(error)}. If another program is using it, close that "
            "program, and run the command again: graded submissions stay graded, and it continues with the rest"
        ) from error
