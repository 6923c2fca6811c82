"""Results that are kept on disk: a chapter, the page of claims and the tests run the same experiment once.

`BNREF_EXPERIMENTS` names the folder; without it, a result is kept as long as the process runs. A kept result counts for
the code that made it (the experiment's module and what that imports of its package) and for the versions of packages.
"""

import functools
import hashlib
import inspect
import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import joblib
from filelock import FileLock

from bnref.experiments.code_digest import code_digest

P = ParamSpec("P")
R = TypeVar("R")
PACKAGES = ("numpy", "torch", "scikit-learn")  # their versions change results


def _key(experiment: Callable[..., Any], *args: Any, **options: Any) -> str:
    """Hash all that the result depends on: arguments, code and versions."""
    arguments = inspect.signature(experiment).bind(*args, **options)
    arguments.apply_defaults()
    package = sys.modules[experiment.__module__.partition(".")[0]]
    place = Path(package.__file__ or "")
    code = code_digest([experiment.__module__], place.parent if place.name == "__init__.py" else place)
    parts = [code, *map(version, PACKAGES), joblib.hash(arguments.arguments)]
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]


def _kept(path: Path, run: Callable[[], R]) -> R:
    """Return the result in the file, which `run` makes unless it is there or another process is making it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        if not path.exists():
            unfinished = path.with_suffix(".part")
            joblib.dump(run(), unfinished)
            unfinished.replace(path)
        return cast("R", joblib.load(path))


def remembered(experiment: Callable[P, R]) -> Callable[P, R]:
    """Run an experiment once for each choice of its arguments. Its result must not be changed."""

    @functools.cache
    @functools.wraps(experiment)
    def run(*args: Any, **options: Any) -> R:
        folder = os.environ.get("BNREF_EXPERIMENTS")
        if not folder:
            return experiment(*args, **options)
        name = f"{experiment.__module__}.{experiment.__qualname__}.{_key(experiment, *args, **options)}"
        return _kept(Path(folder, f"{name}.joblib"), functools.partial(experiment, *args, **options))

    return cast("Callable[P, R]", run)
