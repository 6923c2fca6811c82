"""The command line, `bngrader --help`: one module for each command, or for a few that belong together."""

import io
import signal
import sys
import traceback
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
    for number in (signal.SIGTERM, signal.SIGHUP):  # as at Ctrl-C, a command that grades has to clean up first
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup has a command ignore SIGHUP
            signal.signal(number, signal.default_int_handler)
    # For each submission, nbgrader 0.9.6 makes SQLAlchemy warn about an object that nbgrader adds a few lines later.
    warnings.filterwarnings("ignore", category=SAWarning, module="nbgrader")
    try:
        app()
    except CourseError as error:
        say(f"bngrader: {error}", console=errors)
        raise SystemExit(2) from error
    except Exception as error:
        if isinstance(error, OSError) and error.filename is not None and error.strerror:
            say(f"bngrader: {error.filename}: {error.strerror}", console=errors)
            raise SystemExit(2) from error
        # A fault of this program. Python would print the message as it is, and a student may have written it.
        say(*"".join(traceback.format_exception(error)).splitlines(), console=errors)
        raise SystemExit(1) from error
