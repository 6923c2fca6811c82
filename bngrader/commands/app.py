"""The application that the commands belong to, and how they speak to the user."""

import typer
from rich.console import Console

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Make and grade the course's assignments.",
)
errors = Console(stderr=True, highlight=False)
