"""A stand-in for `bngrader.check` in answers: students import it there to try their functions.

The checks run as in the notebook, from the same source, but without the search for a known mistake, which would show
the right answers. The rest of the package stays out of reach. The source is read before the process enters its sandbox,
where the files cannot be seen.
"""

import importlib.abc
import importlib.machinery
import linecache
import sys
import types

from bngrader.engine.sandbox.environment import IMPORT_PATH

PACKAGE = "bngrader"
CHECK = f"{PACKAGE}.check"
NAMES = (PACKAGE, CHECK)
# The source of the modules behind the checks, in the order in which they import each other.
FOLDER = IMPORT_PATH / "bngrader" / "check"
PARTS = {
    f"{CHECK}.{name}": (FOLDER / f"{name}.py").read_text()
    for name in ("copies", "messages", "observation", "call_log", "assertions")
} | {CHECK: (FOLDER / "__init__.py").read_text()}
WITHOUT_MISTAKES = {
    f"{CHECK}.mistakes": "def known(name):\n    return None\n",
    f"{CHECK}.hints": (
        "class Explanation:\n    hints, smallest = (), None\n\n\ndef explain(*call):\n    return Explanation()\n"
    ),
}


class Loader(importlib.abc.Loader):
    """A loader of the two modules that an answer may import."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Fill one of the modules: the package stays empty, and the checks get their names."""
        if module.__name__ == PACKAGE:
            return
        sources = WITHOUT_MISTAKES | PARTS
        made = {name: types.ModuleType(name) for name in sources} | {CHECK: module}
        before = {name: sys.modules[name] for name in made if name in sys.modules}
        sys.modules.update(made)  # so that they can import each other
        try:
            for name, source in sources.items():
                file = f"<{name}>"
                linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
                exec(compile(source, file, "exec"), vars(made[name]))
        finally:
            for name in made:
                del sys.modules[name]
            sys.modules.update(before)


def spec(name: str) -> importlib.machinery.ModuleSpec:
    """Make the import system's description of one of `NAMES`."""
    return importlib.machinery.ModuleSpec(name, Loader(), is_package=True)
