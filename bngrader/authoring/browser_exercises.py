"""What of an assignment can be checked in the book's own pages: the functions that NumPy and Python are enough for.

An item is a function with its text, its stub and its visible tests, from the notebook that students get. One whose
stub or tests use something else, such as torch, is told apart: its reader is sent to the notebook.
"""

import ast
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from bngrader.engine.cells.variables import names_bound, names_used

IN_THE_PAGE = {"numpy", "bngrader", *sys.stdlib_module_names}
NOT_IN_THE_PAGE = ("bngrader.check.networks",)  # what it makes is made of torch
RULES = "Replace each `raise NotImplementedError()`"  # the introduction's last paragraph about notebooks


@dataclass(frozen=True)
class Test:
    """A visible test cell."""

    name: str
    points: float
    source: str


@dataclass(frozen=True)
class Item:
    """A function (or class) that students write; `needs` are others of the assignment that its tests call.

    `missing` are the modules that a page has not; without any, the item can be checked there.
    """

    name: str
    about: str
    points: float
    stub: str
    needs: tuple[str, ...]
    tests: tuple[Test, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Items:
    """An assignment's items; `common` is what its introduction says of all functions, `setup` what they stand on."""

    slug: str
    common: str
    setup: str
    forbidden: tuple[str, ...]
    items: tuple[Item, ...]

    def for_page(self) -> dict[str, Any]:
        """What a page's script needs, for JSON: all but the texts, and the items alone that can be checked there."""
        items = [{k: v for k, v in asdict(item).items() if k != "about"} for item in self.items if not item.missing]
        return {"slug": self.slug, "setup": self.setup, "forbidden": self.forbidden, "items": items}


def read_items(notebook: Path) -> Items:
    """Read the items of a student's notebook."""
    content = nbformat.read(notebook, as_version=4)
    cells = {cell.id: cell for cell in content.cells}
    functions = [name for name, cell in cells.items() if cell.cell_type == "code" and cell.metadata.nbgrader.solution]
    setup, lost = _setup(cells["imports"].source)
    return Items(
        slug=notebook.stem,
        common=cells["intro"].source.partition(RULES)[2].partition("\n\n")[2].strip(),
        setup=setup,
        forbidden=tuple(content.metadata.get("forbidden", [])),
        items=tuple(_item(name, functions, cells, lost) for name in functions),
    )


def tests_of(name: str, functions: Iterable[str], cells: Iterable[str]) -> list[str]:
    """The test cells of a function: those named after it, and after none with a longer name."""

    def owner(cell: str) -> str:
        return max((f for f in functions if cell == f"test_{f}" or cell.startswith(f"test_{f}_")), key=len, default="")

    return [cell for cell in cells if owner(cell) == name]


def _item(name: str, functions: list[str], cells: dict[str, NotebookNode], lost: dict[str, str]) -> Item:
    tests = [
        Test(test, cells[test].metadata.nbgrader.points, cells[test].source)
        for test in tests_of(name, functions, cells)
    ]
    trees = [ast.parse(source) for source in (cells[name].source, *(test.source for test in tests))]
    used = set().union(*map(names_used, trees))
    missing = {lost[word] for word in used & set(lost)}
    return Item(
        name=name,
        about=cells[f"about_{name}"].source.partition("\n")[2].strip(),
        points=sum(test.points for test in tests),
        stub=cells[name].source,
        needs=tuple(other for other in functions if other in used and other != name),
        tests=tuple(tests),
        missing=tuple(sorted(missing.union(*map(_missing, trees)))),
    )


def _setup(source: str) -> tuple[str, dict[str, str]]:
    """The statements of the cell of imports that a page can run.

    Returns them, and of each name that is lost, the module that is missing.
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
    """The modules that some code imports and a page has not."""
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    tops = {name.split(".")[0] for name in imported}
    return tops - IN_THE_PAGE | ({"torch"} if imported & set(NOT_IN_THE_PAGE) else set())
