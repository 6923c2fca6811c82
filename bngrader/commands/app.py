"""The Typer application of all commands, and the only functions that print.

Names of files and folders come from students, and so do the texts of many errors, so everything that is printed passes
through `readable`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from bngrader.course.names import readable


class _Commands(TyperGroup):
    """The group of all commands; an error about an argument, perhaps a name that the shell filled in, is readable."""

    def make_context(self, *args: Any, **settings: Any) -> Any:
        """Read the arguments of the group."""
        with _readable_errors():
            return super().make_context(*args, **settings)

    def invoke(self, ctx: Any) -> Any:
        """Read the arguments of a command, and run it."""
        with _readable_errors():
            return super().invoke(ctx)


@contextmanager
def _readable_errors() -> Iterator[None]:
    """Make the messages of Typer's errors about arguments readable."""
    try:
        yield
    except Exception as error:
        refused: Any = error
        if hasattr(refused, "format_message") and isinstance(refused.message, str):
            refused.message = readable(refused.message, lines=True)
        raise


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Make and grade the course's assignments.",
)
errors = Console(stderr=True, highlight=False)


def say(*lines: object, console: Console | None = None) -> None:
    """Print each line literally: no markup, no emoji names, no control characters."""
    for line in lines:
        (console or Console()).print(readable(line), highlight=False, markup=False, emoji=False, soft_wrap=True)


def cell(text: object, *, style: str = "", lines: bool = False) -> Text:
    """Return a cell of a table; with `lines`, on several lines."""
    return Text(readable(text, lines=lines), style=style)


def cells(*texts: object) -> list[Text]:
    """Return the cells of a table row, each on one line."""
    return [cell(text) for text in texts]


def show(table: Table, *, console: Console | None = None) -> None:
    """Print a table whose cells are from `cell`."""
    (console or Console()).print(table)
