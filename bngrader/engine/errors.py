"""What a test can meet when it calls an answer, besides the exceptions that Python itself has."""

OWN_TRACEBACK = "Traceback of the submitted code:"  # begins the entry of a test's traceback that may be shown


class StudentError(Exception):
    """The answer raised an exception of a class of its own; its name begins the text."""


class LimitReached(Exception):
    """The answer's process was ended, or stopped, at a limit; the text names the limit."""


class ProtocolError(Exception):
    """The answer's process sent something that is not allowed."""


class SandboxMissing(Exception):
    """This machine cannot isolate a submission; the text says why and what to do."""


OWN_TRACEBACK = "Traceback of the submitted code:"  # begins the part of a test's traceback that its student may see
