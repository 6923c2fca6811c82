"""The Typer application of all commands, and helpers for printing."""

import typer
from rich.console import Console
from rich.text import Text

from bngrader.course.names import readable

app = typer.Typer(
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


def cells(*texts: object) -> list[Text]:
    """Return the cells of a table row, each on one line."""
    return [Text(readable(text)) for text in texts]
