"""The plan by which all submissions to one assignment run: the processes of their answers, packages and limits."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_locked, is_solution

from bngrader.engine.judge.job import ANSWER, BOTH, TEST, CodeCell
from bngrader.engine.processes.launcher import ANSWERS, JUDGES
from bngrader.engine.settings import Engine

# What the processes import before they are forked. The first group is there for every notebook.
EVERYWHERE = (
    "numpy.testing",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "stack_data",  # IPython's tracebacks
    "pygments.formatters.terminal256",
)
WITH_PACKAGE = {
    "sklearn": ("sklearn.datasets", "sklearn.model_selection"),
    # The first backward() imports sympy.
    "torch": ("torch", "torch.nn.functional", "torch.optim", "torch.utils.data", "sympy"),
}
ALLOWED = ("numpy",)  # unless the assignment says more
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
    """The settings, and the packages of each process, for the submissions to one assignment.

    A submission has a process for each list in `allowed`. All of them run its cells, and each has only the packages
    that its list names. The tests of a function call it in the process of its own list: `process_of` says which one.
    The first process has the most packages, and its outputs are shown.
    """

    settings: Engine
    allowed: tuple[tuple[str, ...], ...]
    functions: dict[str, int]
    judge_packages: tuple[str, ...]

    @property
    def student_packages(self) -> list[tuple[str, ...]]:
        """The packages that each of the submission's processes has imported when it starts."""
        return [_packages(names) for names in self.allowed]

    @property
    def zygotes(self) -> list[tuple[str, tuple[str, ...]]]:
        """The kind and the packages of each zygote that the plan needs. Answers and judges never share one."""
        return [*((ANSWERS, packages) for packages in self.student_packages), (JUDGES, self.judge_packages)]

    @property
    def judge_options(self) -> dict[str, Any]:
        """The limits of a submission's processes, as plain data for a zygote."""
        return {name: getattr(self.settings, name) for name in SEEN_BY_ZYGOTES}

    def student_options(self, number: int) -> dict[str, Any]:
        """Return the limits of one of a submission's processes, and what it may import, as plain data for a zygote."""
        return self.judge_options | {
            "allowed": list(self.allowed[number]),
            "packages": list(self.student_packages[number]),
        }

    def classify(self, cell: NotebookNode) -> CodeCell:
        """Classify a code cell by its nbgrader metadata, which say where it runs."""
        grade_id = str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
        process = self.functions.get(idea_of(grade_id, self.functions) or "", 0)
        if is_grade(cell) and not is_solution(cell):
            return CodeCell(TEST, cell.source, grade_id, process)
        return CodeCell(BOTH if is_locked(cell) else ANSWER, cell.source, grade_id, process)


def make_plan(notebook: NotebookNode, settings: Engine) -> ExecutionPlan:
    """Make the plan for submissions to an assignment, from its notebook, with or without answers.

    The metadata `allowed` say which packages each function may use: `{"make_network": ["numpy", "torch"]}`.
    """
    of_functions = {name: tuple(names) for name, names in notebook.metadata.get("allowed", {}).items()}
    allowed = sorted(set(of_functions.values()) or {ALLOWED}, key=len, reverse=True)
    functions = {name: allowed.index(names) for name, names in of_functions.items()}
    trusted = [cell.source for cell in notebook.cells if cell.cell_type == "code" and is_locked(cell)]
    used = [name for name in WITH_PACKAGE if any(name in text for text in (*trusted, *map(str, allowed)))]
    return ExecutionPlan(settings, tuple(allowed), functions, _packages(used))


def idea_of(graded: str, ideas: Iterable[str]) -> str | None:
    """Return the idea that a graded cell belongs to: the function named after its `test_`, or the cell itself.

    If several functions fit, such as `f` and `f_edges` for `test_f_edges_large`, it is the one with the longest name.
    """
    tested = f"{graded.removeprefix('test_')}_"
    owners = [name for name in ideas if graded == name or tested.startswith(f"{name}_")]
    return max(owners, key=len, default=None)


def _packages(names: Iterable[str]) -> tuple[str, ...]:
    return (*EVERYWHERE, *(package for name in names for package in WITH_PACKAGE.get(name, ())))
