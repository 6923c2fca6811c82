"""Run the checks over a text."""

from dataclasses import dataclass
from functools import cache

from proselint.registry.checks import Check

from prose.extract import extract
from prose.rules import all_checks

# Texts that follow the rules, as patterns below the repository: every page, assignment, hint, message and claim.
PLACES = (
    "*.md",
    "docs/**/*.md",
    "book/*.md",
    "solutions/*.py",
    "bngrader/**/*.py",
    "bnref/**/*.py",
    "benchmarks/**/*.py",
    "book/**/*.py",
)


@dataclass(frozen=True, order=True)
class Fault:
    """Words that break a rule, on a line of a file."""

    line: int
    rule: str
    words: str
    advice: str


def faults(name: str, source: str) -> list[Fault]:
    """Return the faults of a text, by line. Its name says whether it is a page (`.md`) or a percent script (`.py`)."""
    prose = extract(name, source)
    found = [
        Fault(prose.lines[result.span[0]], check.path, prose.text[slice(*result.span)].strip(), result.message)
        for check in _checks()
        for result in check.check_with_flags(prose.text)
    ]
    return sorted(found)


@cache
def _checks() -> list[Check]:
    return all_checks()
