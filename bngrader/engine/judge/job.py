"""What the judge gets to do: the cells of one submission, and the settings."""

from dataclasses import asdict, dataclass

from bngrader.engine.protocol.messages import JobMessage
from bngrader.engine.settings import Engine

ANSWER, BOTH, TEST = "answer", "both", "test"


@dataclass(frozen=True)
class CodeCell:
    """One code cell, and where it runs: with the answers, with the tests, or in both places."""

    kind: str
    source: str
    grade_id: str


@dataclass(frozen=True)
class JudgeJob:
    """A submission to run, from the cell `first` on; what is before it is run again without a report."""

    cells: list[CodeCell]
    settings: Engine
    first: int = 0

    def as_dict(self) -> JobMessage:
        """Return the job as a message."""
        cells = [asdict(cell) for cell in self.cells]
        return {"cells": cells, "settings": self.settings.as_dict(), "first": self.first}

    @classmethod
    def from_dict(cls, data: JobMessage) -> "JudgeJob":
        """The job that `as_dict` wrote."""
        return cls([CodeCell(**cell) for cell in data["cells"]], Engine.from_dict(data["settings"]), data["first"])
