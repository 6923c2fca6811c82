"""Which limit of the sandbox is behind an error that Python raised."""

import errno
from typing import Any

from bngrader.engine.errors import text_of

_names: dict[str, Any] = {}


def know(options: dict[str, Any]) -> None:
    """Remember the limits of this process."""
    _names.update(options)


def note(error: Any) -> str | None:
    """A sentence that names the limit, where an error can come of one."""
    if not _names:
        return None
    if isinstance(error, MemoryError):
        return f"A submission may use {_names['memory_mb']:,} MB of memory."
    number = getattr(error, "errno", None) if isinstance(error, OSError) else None
    thread = isinstance(error, RuntimeError) and "start new thread" in text_of(error)
    return {
        errno.EAGAIN: f"A submission may have {_names['processes']} processes and threads.",
        errno.EFBIG: f"A file may have {_names['file_mb']:,} MB.",
        errno.ENOSPC: f"A submission may write {_names['folder_mb']:,} MB.",
        errno.EMFILE: f"A process may have {_names['open_files']} files open.",
        errno.EROFS: "Only the working folder can be written to.",
        errno.ENETUNREACH: "There is no network while a submission is graded.",
    }.get(errno.EAGAIN if thread else number or 0)
