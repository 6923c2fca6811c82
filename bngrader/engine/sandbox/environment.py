"""The environment variables of processes that fork submissions, or that try out a sandbox."""

import os
from pathlib import Path

# One thread each: a process that has other threads cannot be forked safely.
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
PASSED_ON = ("HOME", "IPYTHONDIR", "MPLCONFIGDIR", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
IMPORT_PATH = Path(__file__).resolve().parents[3]  # the folder that holds the package `bngrader`


def clean_environment() -> dict[str, str]:
    """Make the environment of a process that forks submissions: nothing in it can be a secret."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return kept | ONE_THREAD | {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(IMPORT_PATH)}
