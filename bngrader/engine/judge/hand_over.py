"""On the judge's side: locked cells that run here only, and the data that they hand to the student's processes.

A locked cell may use a package that answers may not, to load a data set for instance. It runs in the judge, and later
cells get the numbers, arrays and texts that it made.
"""

import ast
import sys
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from bngrader.engine.protocol.tensors import is_tensor

SCALARS = (type(None), bool, int, float, complex, str, bytes, np.generic)
MAX_DEPTH = 5  # of lists within lists
# Modules that every process has, whatever answers may use; `sandbox.allowed_imports.TOOLS` are among them.
EVERYWHERE = {*sys.stdlib_module_names, "IPython", "bngrader", "joblib", "matplotlib", "numpy"}


def missing_names(source: str, allowed: Iterable[str]) -> set[str]:
    """Return the names that some code imports from packages other than those that answers may use."""
    there, missing = EVERYWHERE | set(allowed), set[str]()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] not in there:
            missing |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            elsewhere = [alias for alias in node.names if alias.name.split(".")[0] not in there]
            missing |= {(alias.asname or alias.name).split(".")[0] for alias in elsewhere}
    return missing


def is_data(value: Any, allowed: Collection[str], depth: int = MAX_DEPTH) -> bool:
    """Return whether a value is plain data that a process with the packages `allowed` can hold."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple | set | frozenset):
        return depth > 0 and all(is_data(part, allowed, depth - 1) for part in value)
    if is_tensor(value):
        return "torch" in allowed and not value.requires_grad
    return isinstance(value, SCALARS) or (type(value) is np.ndarray and value.dtype.kind != "O")


def with_attributes(values: dict[str, Any]) -> list[str]:
    """Return the names of the dicts whose keys are attributes too, as in scikit-learn's data sets."""
    return [name for name, value in values.items() if isinstance(value, dict) and hasattr(value, "__getattr__")]
