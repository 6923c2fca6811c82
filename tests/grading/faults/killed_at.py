"""Run bngrader, and end it as the system would, without a last word, when it calls a function for the n-th time.

`python -m tests.grading.faults.killed_at bngrader.gradebook:write_file 2 grade scaling ...`
"""

import functools
import importlib
import os
import signal
import sys

from bngrader.commands import main


def end_at(place: str, number: int) -> None:
    """Make the n-th call of `module:function` or `module:Class.method` the process's last."""
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner = functools.reduce(getattr, owners, importlib.import_module(module))
    function = getattr(owner, name)
    left = number

    @functools.wraps(function)
    def wrapped(*args, **options):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **options)

    setattr(owner, name, wrapped)


if __name__ == "__main__":
    end_at(sys.argv[1], int(sys.argv[2]))
    sys.argv[1:3] = []
    main()
