"""Which names a cell's code binds, and which it takes from elsewhere."""

import ast
import builtins
from functools import cache

STAR = "*"


def _tree(source: str) -> ast.AST | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@cache
def used(source: str) -> frozenset[str]:
    """The names that the code reads, without those of Python itself."""
    tree = _tree(source)
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} if tree else set()
    return frozenset(read - set(vars(builtins)))


@cache
def bound(source: str) -> frozenset[str]:
    """The names that the code binds, somewhere; STAR is among them where it imports all that a module has."""
    tree, names = _tree(source), set[str]()
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
    return frozenset(names)
