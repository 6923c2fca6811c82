"""The command line, `bngrader --help`: one module for each command, or for a few that belong together."""

import io
import sys
import warnings

from sqlalchemy.exc import SAWarning

from bngrader.commands import (  # noqa: F401  (each adds its commands to the application)
    assignments,
    doctor,
    exporting,
    grade,
    importing,
    late,
    new,
    report,
    similarity,
)
from bngrader.commands.app import app, errors, say
from bngrader.course.folders import CourseError


def main() -> None:
    """Run the command line; an error that the user can fix becomes one message and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # spell out characters that the locale's encoding lacks
            stream.reconfigure(errors="backslashreplace")
    # For each submission, nbgrader 0.9.6 makes SQLAlchemy warn about an object that nbgrader adds a few lines later.
    warnings.filterwarnings("ignore", category=SAWarning, module="nbgrader")
    try:
        app()
    except CourseError as error:
        say(f"bngrader: {error}", console=errors)
        raise SystemExit(2) from error
    except OSError as error:
        if error.filename is None or not error.strerror:
            raise
        say(f"bngrader: {error.filename}: {error.strerror}", console=errors)
        raise SystemExit(2) from error
