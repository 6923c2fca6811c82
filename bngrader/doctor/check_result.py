"""The result of one of the doctor's checks."""

from dataclasses import asdict, dataclass
from typing import Any

RIGHT, NOTE, WRONG = "right", "note", "wrong"


@dataclass(frozen=True)
class CheckResult:
    """The result of one check: `state` is "right", "note" (it works, but one should know) or "wrong"."""

    about: str
    state: str
    message: str
    fix: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the result as plain data, for JSON. Scripts may know the last two fields by their old names."""
        return asdict(self) | {"said": self.message, "mend": self.fix}
