"""Which mistakes a class made, by name: from the hints that its students read."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from bngrader.check.mistakes import known
from bngrader.report.collect import AssignmentData


@dataclass(frozen=True)
class Frequent:
    """A mistake, or a claim that broke for a reason that is not known, and how many students it happened to."""

    assignment: str
    function: str
    mistake: str
    known: bool
    students: int
    said: str  # what they read


def frequent(data: AssignmentData) -> list[Frequent]:
    """What went wrong in an assignment, the most common first. A student counts once for each mistake."""
    who: dict[tuple[str, str, bool, str], set[str]] = defaultdict(set)
    functions = {item.name: item.idea for item in data.items}
    for student, work in data.works.items():
        for cell, lines in work.hints.items():
            for what in _named(functions.get(cell, cell), lines):
                who[what].add(student)
    found = [Frequent(data.name, *what[:3], len(students), what[3]) for what, students in who.items()]
    return sorted(found, key=lambda one: (-one.students, not one.known, one.function, one.mistake))


def _named(function: str, lines: list[str]) -> Iterator[tuple[str, str, bool, str]]:
    """Function, mistake, whether it is a known one, and what the student read; the claim, if no mistake is known."""
    about = known(function)
    names = {_bare(mistake.hint): mistake.name for mistake in about.mistakes} if about else {}
    named = {names[_bare(line)]: line for line in lines if _bare(line) in names}
    for name, line in named.items():
        yield function, name, True, line
    if lines and not named:
        yield function, lines[0].removeprefix("Not so: "), False, lines[0]


def _bare(text: str) -> str:
    """A text without spaces: a message breaks lines, also after hyphens."""
    return "".join(text.split())
