"""Tests that everything that is printed, or written as a table, JSON or a page, is made readable first.

Names and messages come from students. `bngrader.course.names.readable` is the one function that makes them harmless,
and only the modules below print or write texts, each through it.
"""

import ast

import pytest

from tests.conftest import REPOSITORY

# What prints or writes, and the only module that may use it. The engine and the checks run in processes without a
# terminal; what they print is a cell's output, which pages show through `readable`.
ONLY_IN = {
    "print": "commands/app.py",
    "print_json": "commands/app.py",
    "echo": "commands/app.py",
    "secho": "commands/app.py",
    "log": "commands/app.py",
    "dumps": "course/files.py",
    "dump": "course/files.py",
    "writer": "course/csv_files.py",
    "DictWriter": "course/csv_files.py",
    "Environment": "templates/__init__.py",
    "print_exception": "commands/__init__.py",
    "format_exception": "commands/__init__.py",
}
# Texts that no person reads: kept in the gradebook, digested, sent to another process, or from the assignments' files.
MAY_ENCODE = {
    "grading/apart.py",
    "grading/outcome_text.py",
    "gradebook/class_gradebook.py",
    "gradebook/revision.py",
    "feedback/hide_tests.py",
    "authoring/validate.py",
    "authoring/new_section.py",
}
APART = ("engine/", "check/")


def sources():
    """Yield the name and the tree of each module that runs in the commands' own process."""
    root = REPOSITORY / "bngrader"
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root).as_posix()
        if not name.startswith(APART):
            yield name, ast.parse(path.read_text())


def calls(tree):
    """Yield the last part of the name of each function that is called, with the call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            yield name, node


def breaches(name, tree):
    """Return what a module uses that only another may use, with the line."""
    return [
        f"{name}, line {call.lineno}: {used}"
        for used, call in calls(tree)
        if name != ONLY_IN.get(used, name) and not (used in ("dumps", "dump", "Environment") and name in MAY_ENCODE)
    ]


def unsafe_rows(name, tree):
    """Return each row of a printed table with a cell that is not from `cell` or `cells`."""
    return [
        f"{name}, line {call.lineno}"
        for used, call in calls(tree)
        if used == "add_row"
        for argument in call.args
        if getattr(getattr(getattr(argument, "value", argument), "func", None), "id", None) not in ("cell", "cells")
    ]


def writes_to_a_stream(tree):
    """Return the lines that name the process's own output other than in `for stream in (sys.stdout, sys.stderr)`."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in ("write", "writelines")
        and isinstance(node.value, ast.Attribute)
        and node.value.attr in ("stdout", "stderr")
    ]


def test_only_the_readable_functions_print_and_write():
    modules = dict(sources())
    assert set(ONLY_IN.values()) <= modules.keys()
    assert modules.keys() >= MAY_ENCODE
    assert [breach for name, tree in modules.items() for breach in breaches(name, tree)] == []
    assert {name: found for name, tree in modules.items() if (found := writes_to_a_stream(tree))} == {}


def test_every_cell_of_a_printed_table_is_readable():
    rows = [call for _, tree in sources() for used, call in calls(tree) if used == "add_row"]
    assert len(rows) >= 3
    assert [row for name, tree in sources() for row in unsafe_rows(name, tree)] == []


@pytest.mark.parametrize(
    "source",
    [
        "print(error)",
        "Console().print(name)",
        "typer.echo(f'{name}')",
        "table.add_row(name)",
        "table.add_row(*cells(a), name)",
        "sys.stderr.write(name)",
        "json.dumps(names)",
        "csv.writer(file)",
    ],
)
def test_the_rules_find_a_breach(source):
    tree = ast.parse(source)
    assert breaches("commands/x.py", tree) or unsafe_rows("commands/x.py", tree) or writes_to_a_stream(tree)
