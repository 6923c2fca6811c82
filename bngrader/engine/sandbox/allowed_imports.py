"""The imports of a student's process: the standard library, the packages that its answers may use, and no others.

The other packages are not there at all: the sandbox shows only the files of these, and the process was forked from one
that never imported them. The import hooks here only explain that. A cell may import what is not there, since an unused
import is harmless; using it while a test calls the answer raises NotAllowed, which names the rule.
"""

import builtins
import importlib.metadata
import inspect
import os
import sys
import types
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from bngrader.engine.sandbox import check_standin

OURS = ("bngrader", "bnref")  # the course's packages
NOTEBOOK = "__main__"
# What runs and draws notebooks, and runs loops side by side. Every process has these, whatever its answers may use.
TOOLS = ("ipython", "matplotlib", "matplotlib_inline", "msgpack", "joblib")
TITLES = {"numpy": "NumPy", "scipy": "SciPy", "sklearn": "scikit-learn", "torch": "PyTorch"}
# The special methods by which Python and NumPy most often use a value that is neither called nor has attributes.
USES = ("__array__", "__float__", "__getitem__", "__iter__", "__len__")


class NotAllowed(ModuleNotFoundError):
    """The use of a package that an answer may not use."""


def rule(allowed: Iterable[str]) -> str:
    """Name the packages that an answer may use, such as "NumPy and the standard library"."""
    return " and ".join([", ".join(TITLES.get(name, name) for name in allowed), "the standard library"])


@cache
def entries(packages: tuple[str, ...]) -> frozenset[str]:
    """Return the files and folders of some packages, of what they need, and of TOOLS.

    They are names right within the folders of installed packages. A submodule counts as its package.
    """
    found: dict[str, frozenset[str]] = {}
    todo = [*TOOLS, *(name.split(".")[0] for name in packages)]
    while todo:
        name = todo.pop().replace("_", "-").lower()
        if name not in found:
            distribution = _distribution(name)
            found[name] = _entries(name, distribution)
            todo += _requirements(distribution)
    return frozenset().union(*found.values())


def _distribution(name: str) -> importlib.metadata.Distribution | None:
    try:
        return importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        pass
    # It may be installed under another name, as sklearn is as scikit-learn.
    owners = importlib.metadata.packages_distributions().get(name, [])
    return importlib.metadata.distribution(owners[0]) if owners else None


def _entries(name: str, distribution: importlib.metadata.Distribution | None) -> frozenset[str]:
    """Return the entries of one distribution; without a list of its files, as in Debian, they are guessed."""
    files = (distribution.files if distribution else None) or []
    listed = {file.parts[0] for file in files} - {"..", "__pycache__", "bin"}
    module = name.replace("-", "_")
    return frozenset(listed or (module, f"{module}.py"))


def _requirements(distribution: importlib.metadata.Distribution | None) -> list[str]:
    required = map(Requirement, (distribution.requires if distribution else None) or [])
    return [one.name for one in required if one.marker is None or one.marker.evaluate({"extra": ""})]


@cache
def hidden_modules(packages: tuple[str, ...], folders: tuple[Path, ...]) -> frozenset[str]:
    """Return the names of the installed modules that are not among `entries(packages)`."""
    installed = {entry for folder in folders for entry in os.listdir(folder)}
    return frozenset({*_modules(installed - entries(packages)), *OURS} - _modules(entries(packages)))


def _modules(names: Iterable[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


class Placeholder:
    """The value of a name that was imported from a package that is not there.

    `use` is called with the name when code uses it; it raises NotAllowed while a test runs. In a cell, a call is
    harmless and returns another placeholder. A call on a function returns the function, since a decorator may be left
    out.
    """

    def __init__(self, name: str, use: Callable[[str], None]) -> None:
        self._name, self._use = name, use

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Placeholder(f"{self._name}.{name}", self._use)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return another placeholder, or the function that this decorates."""
        self._use(self._name)
        if len(args) == 1 and not kwargs and inspect.isroutine(args[0]):
            return args[0]
        return Placeholder(f"{self._name}()", self._use)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        """Let a class inherit from it; making an instance is a use."""

        def begin(instance: Any, *args: Any, **kwargs: Any) -> None:
            self._use(self._name)

        def part(instance: Any, name: str) -> Any:
            return getattr(self, name)

        return (type("Absent", (), {"__init__": begin, "__getattr__": part}),)

    def __instancecheck__(self, value: Any) -> bool:
        return False

    def __subclasscheck__(self, kind: type) -> bool:
        return False

    def __enter__(self) -> "Placeholder":
        return self

    def __exit__(self, *error: Any) -> None:
        """Let an error through."""

    def __repr__(self) -> str:
        return f"<{self._name}, which is not available while a notebook is graded>"


def _refused(method: str) -> Callable[..., Any]:
    def use(self: Placeholder, *args: Any, **kwargs: Any) -> Any:
        self._use(self._name)
        raise NotAllowed(f"{self._name} is not available while a notebook is graded", name=self._name)

    use.__name__ = method
    return use


for _method in USES:
    setattr(Placeholder, _method, _refused(_method))


class ImportHooks:
    """The hooks of a process whose answers may use `allowed`, and in which the modules `hidden` do not exist.

    `in_test` says whether a test is calling the answer, and `report` tells the judge what the answer reached for.
    """

    def __init__(
        self,
        allowed: Iterable[str],
        hidden: frozenset[str],
        in_test: Callable[[], bool],
        report: Callable[[str], None],
    ) -> None:
        self.rule, self.hidden = rule(allowed), hidden
        self.in_test, self.report = in_test, report
        self._import = builtins.__import__

    def install(self) -> None:
        """Check everything that is imported from now on."""
        sys.meta_path.insert(0, self)
        builtins.__import__ = self._checked_import

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Find no hidden module; the import system asks here first.

        `importlib.util.find_spec` asks too, but imports nothing, and expects no error.
        """
        if name in check_standin.NAMES:
            return check_standin.spec(name)
        if name.partition(".")[0] in self.hidden and sys._getframe(2).f_code.co_name != "find_spec":
            if self.in_test() and _importer() == NOTEBOOK:
                self.use(name)
            raise self._not_allowed(name)
        return None

    def use(self, name: str) -> None:
        """Raise NotAllowed if an answer uses something while a test runs."""
        if self.in_test():
            self.report(name)
            raise self._not_allowed(name)

    def _not_allowed(self, name: str) -> NotAllowed:
        return NotAllowed(f"{name} is not available while an answer is graded: it may use only {self.rule}", name=name)

    def _checked_import(
        self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> Any:
        # The pages check the same in check/in_browser.py. That file must run without this package, and this process
        # must not import that one.
        try:
            module = self._import(name, globals, locals, fromlist, level)
        except ModuleNotFoundError as error:
            package = name.partition(".")[0]
            missing = str(error.name).partition(".")[0] == package and (package not in sys.modules or package in OURS)
            if level or not missing or (globals or {}).get("__name__") != NOTEBOOK:
                raise
            self.use(name)
            return Placeholder(name if fromlist else package, self.use)
        return self._checks(name, module, fromlist) if name in check_standin.NAMES and fromlist else module

    def _checks(self, name: str, module: Any, fromlist: Iterable[str]) -> Any:
        """Return the stand-in for the course's checks, with a placeholder for each part that it lacks."""
        lacking = sorted(set(fromlist) - {"*", *dir(module)})
        for part in lacking:
            self.use(f"{name}.{part}")
        parts = {part: Placeholder(f"{name}.{part}", self.use) for part in lacking}
        return types.SimpleNamespace(**vars(module), **parts) if parts else module


def _importer() -> str:
    """Return the name of the module that imports something, whichever function of importlib it uses."""
    frame: Any = sys._getframe(2)
    while frame and str(frame.f_globals.get("__name__")).startswith("importlib"):
        frame = frame.f_back
    return str(frame.f_globals.get("__name__")) if frame else ""
