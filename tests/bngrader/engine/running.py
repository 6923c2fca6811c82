"""Helpers that run a few cells through the engine."""

from nbformat.v4 import new_code_cell, new_notebook

from bngrader.engine.execute import execute
from bngrader.engine.settings import Engine

KINDS = {"answer": (False, True, False), "locked": (False, False, True), "test": (True, False, True)}


def code_cell(name, kind, source):
    """Make a code cell of one of KINDS, with nbgrader's metadata."""
    grade, solution, locked = KINDS[kind]
    metadata = {"grade": grade, "solution": solution, "locked": locked, "task": False, "schema_version": 3}
    return new_code_cell(source, metadata={"nbgrader": {"grade_id": name, **metadata}})


def run(*cells, allowed=("numpy", "torch"), functions=None, **settings):
    """Run cells given as (kind, source) or (kind, source, grade_id); returns the notebook's cells.

    Answers may use the packages `allowed`, and `functions` those that it names.
    """
    notebook = new_notebook(metadata={"allowed": {"": list(allowed), **(functions or {})}})
    for number, (kind, source, *name) in enumerate(cells):
        notebook.cells.append(code_cell(name[0] if name else f"{kind}_{number}", kind, source))
    execute(notebook, Engine(**settings))
    return notebook.cells


def judged(answer, *tests, **settings):
    """Return the error of each test of one answer, or None."""
    cells = run(
        ("locked", "import numpy as np"), ("answer", answer, "answer"), *(("test", t) for t in tests), **settings
    )
    return [error(cell) for cell in cells[2:]]


def error(cell):
    """Return the name and the text of a cell's error, or None."""
    errors = [f"{output.ename}: {output.evalue}" for output in cell.outputs if output.output_type == "error"]
    return errors[0] if errors else None


def printed(cell):
    """Return the text that a cell shows."""
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")
