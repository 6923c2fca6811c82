"""Assignments that check themselves, and the tool that grades them.

`bngrader.check` is the part that students install and the book's pages load. Everything else is for instructors.
"""

import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

# Handed-out notebooks and configurations of classes may still use these modules' former names.
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
    """Imports a module under its old name; both names refer to the same module object."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return ModuleSpec(name, self) if name in OLD_NAMES else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(OLD_NAMES[spec.name])
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Restore the module's own spec: it was already executed under its new name."""
        if module.__spec__ is not None and module.__spec__.loader is self:
            module.__spec__ = module.__spec__.loader_state


sys.meta_path.append(_Renamed())
