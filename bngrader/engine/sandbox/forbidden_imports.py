"""Guards in the student's process: what an assignment forbids cannot be imported or called, and the judge is told.

A forbidden package is not there at all: the sandbox hides its folder, and the process was forked without it. A part of
an allowed package is guarded: it works for the package itself and a few others, but not for the notebook. From the
course's own package an answer gets only a stand-in for `bngrader.check`. The guards are Python, so a student who knows
how can remove them: they enforce the rules of an assignment, and not the walls of the sandbox.
"""

import builtins
import sys
import types
from collections.abc import Callable, Iterable
from typing import Any

from bngrader.engine.sandbox import check_standin

OURS = ("bngrader", "bnref")  # the course's packages
NOTEBOOK = "__main__"
LIBRARIES = ("matplotlib", "scipy", "sklearn", "torch")  # they call each other's functions, but none of the notebook's


class Forbidden(ImportError):
    """An import or a call that the assignment does not allow."""


def packages(names: Iterable[str]) -> list[str]:
    """Return those of the names that are whole packages."""
    return [name for name in names if "." not in name]


class Guard:
    """A guard that keeps a process from using some names."""

    def __init__(self, names: list[str], report: Callable[[str], None]) -> None:
        self.names, self.report = names, report
        self.absent = {*packages(names), *OURS}
        self._import = builtins.__import__

    def install(self) -> None:
        """Guard everything that is imported, and that will be."""
        sys.meta_path.insert(0, self)
        builtins.__import__ = self._checked_import
        for name in self.names:
            if name not in self.absent:
                self._guard(name)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Refuse a forbidden package; the import system asks here first."""
        if name in check_standin.NAMES:
            return check_standin.spec(name)
        package = name.split(".")[0]
        if package in self.absent:
            self._refuse(name if package in OURS else package)
        return None

    def _refuse(self, name: str) -> None:
        self.report(name)
        if name.split(".")[0] in OURS:
            raise Forbidden(f"{name} belongs to the course and cannot be imported while an answer is graded", name=name)
        raise Forbidden(f"{name} is forbidden in this assignment", name=name)

    def _checked_import(
        self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> Any:
        # The pages check the same in check/in_browser.py. That file must run without this package, and this process
        # must not import that one.
        if globals is not None and globals.get("__name__") == NOTEBOOK:
            for full in (name, *(f"{name}.{part}" for part in fromlist or ())):
                for forbidden in self.names:
                    if full == forbidden or full.startswith(forbidden + "."):
                        self._refuse(forbidden)
        return self._import(name, globals, locals, fromlist, level)

    def _guard(self, name: str) -> None:
        """Guard a function, a class or everything in a module, if it has been imported."""
        place, _, last = name.rpartition(".")
        if isinstance(module := sys.modules.get(name), types.ModuleType):
            for attribute, value in list(vars(module).items()):
                if str(getattr(value, "__module__", "")).startswith(name):
                    self._guard_one(name, module, attribute, value)
        elif hasattr(owner := sys.modules.get(place), last):
            self._guard_one(name, owner, last, getattr(owner, last))

    def _guard_one(self, name: str, owner: Any, attribute: str, value: Any) -> None:
        if isinstance(value, type):
            try:
                value.__init__ = self._guarded(name, value.__init__)  # type: ignore[misc]
            except TypeError:
                setattr(owner, attribute, self._guarded(name, value))
        elif callable(value):
            setattr(owner, attribute, self._guarded(name, value))

    def _guarded(self, name: str, function: Any) -> Any:
        free = {name.split(".")[0], *LIBRARIES}

        def guarded(*args: Any, **kwargs: Any) -> Any:
            if str(sys._getframe(1).f_globals.get("__name__")).split(".")[0] not in free:
                self._refuse(name)
            return function(*args, **kwargs)

        guarded.__name__ = guarded.__qualname__ = getattr(function, "__name__", "guarded")
        guarded.__doc__ = function.__doc__
        return guarded
