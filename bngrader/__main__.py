"""`python -m bngrader` and the command `bngrader`."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

# jsonschema, which nbformat uses, imports this package if it is installed. Building its grammar of web addresses takes
# most of a second, for formats that no notebook's schema has. None is the import system's word for "not there".
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

WRITTEN_TO = ("IPYTHONDIR", "MPLCONFIGDIR")  # the folders of IPython and of matplotlib


def main() -> None:
    """Run the command line, or name the missing extra, since a student's install has only the checks."""
    _need_places_to_write()

    try:
        from bngrader.commands import main as run
    except ModuleNotFoundError as error:
        raise SystemExit(
            f"bngrader needs the package {error.name}, which only grading uses. "
            "Install the instructor's extra: pip install 'bncourse[grade]'"
        ) from error
    run()


def _need_places_to_write() -> None:
    """Give libraries that write into the home folder a temporary folder, if home is missing or read-only."""
    wanted: tuple[str, ...]
    try:
        wanted = WRITTEN_TO if not os.access(Path.home(), os.W_OK) else ()
    except RuntimeError:  # without a home folder, Jupyter's libraries do not even start
        wanted = ("HOME",)
    missing = [name for name in wanted if name not in os.environ]
    if missing:
        folder = tempfile.mkdtemp(prefix="bngrader-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ |= dict.fromkeys(missing, folder)


if __name__ == "__main__":
    main()
