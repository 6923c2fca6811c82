"""The judge's job: the cells of one submission, and the settings. The grading process sends it to the judge."""

from dataclasses import asdict, dataclass

from bngrader.engine.protocol.messages import JobMessage
from bngrader.engine.settings import Engine

ANSWER, BOTH, TEST = "answer", "both", "test"


@dataclass(frozen=True)
class CodeCell:
    """One code cell; its kind says whether it runs with the answers, with the tests, or in both places.

    `process` is the number of the student's process in which a test calls its function.
    """

    kind: str
    source: str
    grade_id: str
    process: int = 0


@dataclass(frozen=True)
class JudgeJob:
    """A submission to run. `allowed` has the packages that answers may use in each of its processes.

    The judge reports the cells from `first` on. It runs those before it again, and reports nothing of them.
    """

    cells: list[CodeCell]
    settings: Engine
    allowed: list[list[str]]
    first: int = 0

    def as_dict(self) -> JobMessage:
        """Return the job as a message."""
        settings = self.settings.as_dict()
        if settings["hidden_seed"] is not None:
            settings["hidden_seed"] = str(settings["hidden_seed"])  # msgpack's integers have 64 bits
        cells = [asdict(cell) for cell in self.cells]
        return {"cells": cells, "settings": settings, "allowed": self.allowed, "first": self.first}

    @classmethod
    def from_dict(cls, data: JobMessage) -> "JudgeJob":
        """Make the job from what `as_dict` returned."""
        seed = data["settings"]["hidden_seed"]
        settings = Engine.from_dict({**data["settings"], "hidden_seed": None if seed is None else int(seed)})
        return cls([CodeCell(**cell) for cell in data["cells"]], settings, data["allowed"], data["first"])
