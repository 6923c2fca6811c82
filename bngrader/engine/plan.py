"""The plan by which all submissions to one assignment run: packages, limits and forbidden names."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_locked, is_solution

from bngrader.engine.judge.job import ANSWER, BOTH, TEST, CodeCell
from bngrader.engine.processes.launcher import ANSWERS, JUDGES
from bngrader.engine.sandbox import forbidden_imports
from bngrader.engine.settings import Engine

PACKAGES = (
    "numpy.testing",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "sklearn.datasets",
    "sklearn.model_selection",
    "torch",
    "torch.nn.functional",
    "torch.optim",
    "torch.utils.data",
    "sympy",  # the first backward() imports it
    "stack_data",  # IPython's tracebacks
    "pygments.formatters.terminal256",
)
# The settings that a zygote sees. A submission can find whatever the zygote that forked it has seen, so the other
# settings, such as the seed of the hidden tests, go only to the judge.
SEEN_BY_ZYGOTES = (
    "cpu_seconds",
    "memory_mb",
    "processes",
    "file_mb",
    "folder_mb",
    "open_files",
    "output_bytes",
    "message_mb",
    "private",
    "unsafe_no_sandbox",
)


@dataclass(frozen=True)
class ExecutionPlan:
    """The settings, forbidden names and packages for the submissions to one assignment.

    The zygote that forks the answers' processes imports `student_packages`; the one that forks the judges imports
    `judge_packages`.
    """

    settings: Engine
    forbidden: tuple[str, ...]
    student_packages: tuple[str, ...]
    judge_packages: tuple[str, ...]

    @property
    def zygotes(self) -> list[tuple[str, tuple[str, ...]]]:
        """The kinds and the packages of the two zygotes that the plan needs: for answers, and for judges."""
        return [(ANSWERS, self.student_packages), (JUDGES, self.judge_packages)]

    @property
    def process_options(self) -> dict[str, Any]:
        """The limits of a submission's processes, and what it must not import, as plain data for a zygote."""
        limits = {name: getattr(self.settings, name) for name in SEEN_BY_ZYGOTES}
        return limits | {"forbidden": list(self.forbidden)}


def make_plan(notebook: NotebookNode, settings: Engine) -> ExecutionPlan:
    """Make the plan for submissions to an assignment, from its notebook, with or without answers.

    The answers' process is forked without the packages that the assignment forbids. The tests get these packages only
    if they use them, since a second zygote takes seconds to start.
    """
    forbidden = tuple(str(name) for name in notebook.metadata.get("forbidden", []))
    absent = forbidden_imports.packages(forbidden)
    allowed = tuple(name for name in PACKAGES if name.split(".")[0] not in absent)
    return ExecutionPlan(settings, forbidden, allowed, PACKAGES if _tests_use(absent, notebook) else allowed)


def _tests_use(packages: Iterable[str], notebook: NotebookNode) -> bool:
    cells = [classify(cell) for cell in notebook.cells if cell.cell_type == "code"]
    return any(name in cell.source for cell in cells if cell.kind != ANSWER for name in packages)


def classify(cell: NotebookNode) -> CodeCell:
    """Classify a code cell by its nbgrader metadata, which say where it runs."""
    grade_id = str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
    if is_grade(cell) and not is_solution(cell):
        return CodeCell(TEST, cell.source, grade_id)
    return CodeCell(BOTH if is_locked(cell) else ANSWER, cell.source, grade_id)
