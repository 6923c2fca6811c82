"""Results that are kept on disk: a chapter, the page of claims and the tests run the same experiment once.

`BNREF_EXPERIMENTS` names the folder; without it, a result is kept as long as the process runs. What is kept counts only
for the very code, of all of `bnref`, and the very versions that made it.
"""

import functools
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import joblib
import numpy as np
import sklearn
import torch

P = ParamSpec("P")
R = TypeVar("R")
PACKAGE = Path(__file__).parents[1]


@functools.cache
def _memory(folder: str) -> joblib.Memory:
    total = hashlib.sha256(f"{np.__version__} {torch.__version__} {sklearn.__version__}".encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        total.update(f"{path.relative_to(PACKAGE)}\0".encode() + path.read_bytes())
    return joblib.Memory(Path(folder) / total.hexdigest()[:16], verbose=0)


def remembered(experiment: Callable[P, R]) -> Callable[P, R]:
    """Run an experiment once for each choice of its arguments. Its result must not be changed."""

    @functools.cache
    @functools.wraps(experiment)
    def run(*args: Any, **options: Any) -> R:
        folder = os.environ.get("BNREF_EXPERIMENTS")
        return _memory(folder).cache(experiment)(*args, **options) if folder else experiment(*args, **options)

    return cast("Callable[P, R]", run)
