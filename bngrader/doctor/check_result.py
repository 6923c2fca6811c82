"""The form of what a check finds."""

from dataclasses import asdict, dataclass
from typing import Any

RIGHT, NOTE, WRONG = "right", "note", "wrong"


@dataclass(frozen=True)
class CheckResult:
    """The result of one check: `state` is "right", "note" (works, but should be known) or "wrong"."""

    about: str
    state: str
    said: str
    mend: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The finding as plain data, for JSON."""
        return asdict(self)
