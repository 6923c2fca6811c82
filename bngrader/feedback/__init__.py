"""Feedback: the pages and notebooks that show students and graders the result of grading."""

import importlib
from typing import Any


def __getattr__(name: str) -> Any:
    """Find `HideTests` in its new place, since configurations of classes import it from here."""
    if name == "HideTests":
        return importlib.import_module("bngrader.nbgrader_plugins").HideTests
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
