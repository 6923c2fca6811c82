"""Run bngrader, and send it a signal when it calls a function for the n-th time.

`python -m tests.grading.faults.signalled_at SIGKILL bngrader.gradebook.class_gradebook:write_file 2 grade scaling ...`
"""

import functools
import importlib
import os
import signal
import sys

from bngrader.commands import main


def signal_at(number: int, place: str, calls: int) -> None:
    """Send this process the signal `number` at the given call of `module:function` or `module:Class.method`."""
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner = functools.reduce(getattr, owners, importlib.import_module(module))
    function = getattr(owner, name)
    left = calls

    @functools.wraps(function)
    def wrapped(*args, **options):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), number)
        return function(*args, **options)

    setattr(owner, name, wrapped)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell makes its background jobs ignore SIGINT
    signal_at(signal.Signals[sys.argv[1]], sys.argv[2], int(sys.argv[3]))
    sys.argv[1:4] = []
    main()
