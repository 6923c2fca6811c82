"""The exceptions of the grading engine, and the text of any exception."""

from typing import Any

# The first line of the entry in a test's traceback that its student may see.
OWN_TRACEBACK = "Traceback of the submitted code:"


class StudentError(Exception):
    """An exception of a class that the answer defines; the text begins with the name of the class."""


class LimitReached(Exception):
    """A limit that stopped or ended the answer's process; the text names it."""


class ProtocolError(Exception):
    """A message of the answer's process that is not allowed."""


class SandboxMissing(Exception):
    """A machine that cannot isolate submissions; the text says why, and what to do."""


def text_of(error: Any) -> str:
    """Return the text of an exception, also of one whose `__str__` raises."""
    try:
        return str(error)
    except Exception as second:
        return f"<no text: its __str__ raised {type(second).__name__}>"
