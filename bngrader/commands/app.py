"""The application that the commands belong to, and how they speak to the user."""

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
    """Print each line as it is: nothing in it is markup, an emoji's name or a command to the terminal."""
    for line in lines:
        (console or Console()).print(readable(line), highlight=False, markup=False, emoji=False, soft_wrap=True)


def cells(*texts: object) -> list[Text]:
    """The cells of a row of a table, each in one line."""
    return [Text(readable(text)) for text in texts]
