"""Assignments that check themselves, and the tool that grades them.

`bngrader.check` is the part that students install and that the book's pages load. Everything else is the instructor's.
"""

import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

# Notebooks that were handed out, and configurations of classes, may name these modules as they were called before.
OLD_NAMES = {
    "bngrader.beside": "bngrader.nbgrader_plugins",
    "bngrader.database": "bngrader.gradebook.database",
    "bngrader.engine.preprocessor": "bngrader.nbgrader_plugins",
    "bngrader.inpage": "bngrader.check.in_browser",
    "bngrader.late": "bngrader.gradebook.late_policy",
    "bngrader.markup": "bngrader.feedback.safe_html",
    "bngrader.networks": "bngrader.check.networks",
    "bngrader.revision": "bngrader.nbgrader_plugins",
    "bngrader.rubric": "bngrader.nbgrader_plugins",
    "bngrader.sanitize": "bngrader.nbgrader_plugins",
    "bngrader.scoring": "bngrader.nbgrader_plugins",
    "bngrader.source_folder": "bngrader.course.source_folder",
    "bngrader.sources": "bngrader.authoring.notebooks",
}


class _Renamed(MetaPathFinder, Loader):
    """Imports a module under its old name: both names stand for the same module object."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return ModuleSpec(name, self) if name in OLD_NAMES else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(OLD_NAMES[spec.name])
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own description back: it was executed under its new name."""
        if module.__spec__ is not None and module.__spec__.loader is self:
            module.__spec__ = module.__spec__.loader_state


sys.meta_path.append(_Renamed())
