"""The names that code takes from elsewhere, and those that it binds."""

import ast
import builtins
from functools import cache

STAR = "*"


def names_used(tree: ast.AST) -> set[str]:
    """Return the names that appear in some code, without the names of Python's built-in functions."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - set(vars(builtins))


def names_bound(tree: ast.AST) -> set[str]:
    """Return the names that some code binds; STAR is among them if it imports everything that a module has."""
    names = set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
    return names


@cache
def used(source: str) -> frozenset[str]:
    """Return `names_used` of a cell, or nothing if it cannot be parsed."""
    return frozenset(names_used(_tree(source)))


@cache
def bound(source: str) -> frozenset[str]:
    """Return `names_bound` of a cell, or nothing if it cannot be parsed."""
    return frozenset(names_bound(_tree(source)))


def _tree(source: str) -> ast.AST:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])
