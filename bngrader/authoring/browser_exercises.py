"""Exercises for the book's pages: the functions of an assignment that can be checked with NumPy and Python alone.

An exercise is a function with its text, its stub and its visible tests, from the students' notebook. If the stub or the
tests use something else, such as torch, the exercise says so, and the page sends its reader to the notebook.
"""

import ast
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from bngrader.check.in_browser import MODULES
from bngrader.engine.cells.variables import names_bound, names_used
from bngrader.engine.plan import idea_of

MODULES_WITH_TORCH = ("bngrader.check.networks",)  # part of bngrader, but it makes torch modules
RULES = "Replace each `raise NotImplementedError()`"  # begins the introduction's last paragraph about notebooks


@dataclass(frozen=True)
class Test:
    """A visible test cell."""

    name: str
    points: float
    source: str


@dataclass(frozen=True)
class Exercise:
    """A function (or class) that students write; `needs` are other functions of the assignment that its tests call.

    `missing` are modules that do not exist in the page; if there are none, the exercise can be checked there.
    """

    name: str
    about: str
    points: float
    stub: str
    needs: tuple[str, ...]
    tests: tuple[Test, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class AssignmentExercises:
    """An assignment's exercises; `common` is the introduction's text about all functions, `setup` the imports."""

    slug: str
    common: str
    setup: str
    exercises: tuple[Exercise, ...]

    def for_page(self) -> dict[str, Any]:
        """Return plain data for the page's script: the exercises that can be checked there, without their texts."""
        possible = [exercise for exercise in self.exercises if not exercise.missing]
        items = [{name: value for name, value in asdict(one).items() if name != "about"} for one in possible]
        return {"slug": self.slug, "setup": self.setup, "items": items}


def read_exercises(notebook: Path) -> AssignmentExercises:
    """Read the exercises from a student's notebook."""
    content = nbformat.read(notebook, as_version=4)
    cells = {cell.id: cell for cell in content.cells}
    functions = [name for name, cell in cells.items() if cell.cell_type == "code" and cell.metadata.nbgrader.solution]
    setup, lost = _setup(cells["imports"].source)
    return AssignmentExercises(
        slug=notebook.stem,
        common=cells["intro"].source.partition(RULES)[2].partition("\n\n")[2].strip(),
        setup=setup,
        exercises=tuple(_exercise(name, functions, cells, lost) for name in functions),
    )


def tests_of(name: str, functions: Iterable[str], cells: Iterable[str]) -> list[str]:
    """List the test cells of a function."""
    return [cell for cell in cells if cell.startswith("test_") and idea_of(cell, functions) == name]


def _exercise(name: str, functions: list[str], cells: dict[str, NotebookNode], lost: dict[str, str]) -> Exercise:
    tests = [
        Test(test, cells[test].metadata.nbgrader.points, cells[test].source)
        for test in tests_of(name, functions, cells)
    ]
    trees = [ast.parse(source) for source in (cells[name].source, *(test.source for test in tests))]
    used = set().union(*map(names_used, trees))
    missing = {lost[word] for word in used & set(lost)}
    return Exercise(
        name=name,
        about=cells[f"about_{name}"].source.partition("\n")[2].strip(),
        points=sum(test.points for test in tests),
        stub=cells[name].source,
        needs=tuple(other for other in functions if other in used and other != name),
        tests=tuple(tests),
        missing=tuple(sorted(missing.union(*map(_missing, trees)))),
    )


def _setup(source: str) -> tuple[str, dict[str, str]]:
    """Select the statements in the cell of imports that the page can run.

    Returns them, and the missing module for each name that the others would define.
    """
    lines, kept, lost = source.splitlines(), [], dict[str, str]()
    for statement in ast.parse(source).body:
        missing = _missing(statement) | {lost[word] for word in names_used(statement) & set(lost)}
        if missing:
            lost |= dict.fromkeys(names_bound(statement), min(missing))
        else:
            kept += lines[statement.lineno - 1 : statement.end_lineno]
    return "\n".join(kept), lost


def _missing(tree: ast.AST) -> set[str]:
    """Return the modules that some code imports but that do not exist in the page."""
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    tops = {name.split(".")[0] for name in imported}
    return tops - MODULES | ({"torch"} if imported & set(MODULES_WITH_TORCH) else set())
