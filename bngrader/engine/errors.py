"""The exceptions of the grading engine, and the text of any exception."""

from typing import Any

# The first line of the entry in a test's traceback that its student may see.
OWN_TRACEBACK = "Traceback of the submitted code:"


class StudentError(Exception):
    """The answer raised an exception of a class of its own; its name begins the text."""


class LimitReached(Exception):
    """The answer's process was ended, or stopped, at a limit; the text names the limit."""


class ProtocolError(Exception):
    """The answer's process sent something that is not allowed."""


class SandboxMissing(Exception):
    """This machine cannot isolate a submission; the text says why and what to do."""


def text_of(error: Any) -> str:
    """Return the text of an exception, also of one whose `__str__` raises."""
    try:
        return str(error)
    except Exception as second:
        return f"<its text cannot be made: {type(second).__name__}>"
