"""How this process and nbgrader open a gradebook: so that several programs can use it at once, and none loses a write.

Importing this module sets it for every database that is opened after.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Column, MetaData, String, Table, Text, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from bngrader.course import CourseError

PATIENCE = 60_000  # milliseconds that a write waits for another program's; `?timeout=5` in the URL asks for less
PYTHONS_OWN = 5_000

# Beside nbgrader's tables: which submission each grade is for, and what was written for it.
MARKS = Table(
    "bngrader_mark",
    MetaData(),
    Column("assignment", String(128), primary_key=True),
    Column("student", String(128), primary_key=True),
    Column("work", String(64), nullable=False),  # digest of the submission, the source and the seed
    Column("graded", String(64), nullable=False),  # digest of the notebook in autograded/
    Column("feedback", String(64), nullable=False),  # digest of what the page in feedback/ shows
    Column("hints", Text, nullable=False),  # JSON: the hints of each graded cell, in the notebook's order
)


@event.listens_for(Engine, "connect")
def _connect(connection: Any, record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.isolation_level = None  # transactions begin where _begin says
        (patience,) = connection.execute("PRAGMA busy_timeout").fetchone()
        if patience == PYTHONS_OWN:
            connection.execute(f"PRAGMA busy_timeout = {PATIENCE}")
        connection.execute("PRAGMA journal_mode = WAL")


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        # A transaction that reads before it writes would fail at once, without waiting, if another wrote in between.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Turn what a database says that cannot be used into one message for the person at the keyboard.

    Raises CourseError.
    """
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        said = " ".join(str(getattr(error, "orig", error)).split())[:200]
        raise CourseError(
            f"the gradebook {url} cannot be used: {said}. If another program holds it, close that; then run the "
            "command again: what is graded stays, and only the rest is done"
        ) from error
