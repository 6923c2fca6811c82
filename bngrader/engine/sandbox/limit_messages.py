"""Sentences that name the limit of the sandbox behind an error that Python raised."""

import errno
from typing import Any

from bngrader.engine.errors import text_of

_limits: dict[str, Any] = {}  # of this process


def know(options: dict[str, Any]) -> None:
    """Remember the limits of this process."""
    _limits.update(options)


def note(error: Any) -> str | None:
    """Return a sentence that names the limit behind an error, or None if no limit can be behind it."""
    if not _limits:
        return None
    if isinstance(error, MemoryError):
        return f"A submission may use at most {_limits['memory_mb']:,} MB of memory."
    number = getattr(error, "errno", None) if isinstance(error, OSError) else None
    thread = isinstance(error, RuntimeError) and "start new thread" in text_of(error)
    return {
        errno.EAGAIN: f"A submission may have at most {_limits['processes']} processes and threads.",
        errno.EFBIG: f"A file may hold at most {_limits['file_mb']:,} MB.",
        errno.ENOSPC: f"A submission may write at most {_limits['folder_mb']:,} MB.",
        errno.EMFILE: f"A process may have at most {_limits['open_files']} files open.",
        errno.EROFS: "Only the working folder can be written to.",
        errno.ENETUNREACH: "There is no network while a submission is graded.",
    }.get(errno.EAGAIN if thread else number or 0)
