"""Run a few cells through the engine, as the tests of this folder need it."""

from nbformat.v4 import new_code_cell, new_notebook

from bngrader.engine.execute import execute
from bngrader.engine.settings import Engine

KINDS = {"answer": (False, True, False), "locked": (False, False, True), "test": (True, False, True)}


def code_cell(name, kind, source):
    """A code cell with nbgrader's metadata, of one of KINDS."""
    grade, solution, locked = KINDS[kind]
    metadata = {"grade": grade, "solution": solution, "locked": locked, "task": False, "schema_version": 3}
    return new_code_cell(source, metadata={"nbgrader": {"grade_id": name, **metadata}})


def run(*cells, forbidden=(), **settings):
    """Run cells given as (kind, source) or (kind, source, grade_id); gives the notebook's cells."""
    notebook = new_notebook(metadata={"forbidden": list(forbidden)})
    for number, (kind, source, *name) in enumerate(cells):
        notebook.cells.append(code_cell(name[0] if name else f"{kind}_{number}", kind, source))
    execute(notebook, Engine(**settings))
    return notebook.cells


def judged(answer, *tests, **settings):
    """The error of each test of one answer, or None."""
    cells = run(
        ("locked", "import numpy as np"), ("answer", answer, "answer"), *(("test", t) for t in tests), **settings
    )
    return [error(cell) for cell in cells[2:]]


def error(cell):
    """What a cell's error says, or None."""
    said = [f"{output.ename}: {output.evalue}" for output in cell.outputs if output.output_type == "error"]
    return said[0] if said else None


def printed(cell):
    """The text that a cell shows."""
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")
