"""Lint the prose of the course with `python -m prose`, or of some files with their names behind it."""

import sys
from pathlib import Path

from prose.lint import PLACES, faults

REPOSITORY = Path(__file__).parents[1]


def main(names: list[str]) -> int:
    """Print each fault as `file:line: rule: advice`, and return the exit code."""
    paths = [Path(name) for name in names] or [path for place in PLACES for path in sorted(REPOSITORY.glob(place))]
    found = [(path, fault) for path in paths for fault in faults(path.name, path.read_text(encoding="utf-8"))]
    for path, fault in found:
        print(f"{path}:{fault.line}: {fault.rule}: {fault.words!r}: {fault.advice}")
    print(f"Found {len(found)} faults in the prose of {len(paths)} files.")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
