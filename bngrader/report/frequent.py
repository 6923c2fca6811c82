"""Names the mistakes that a class made, from the hints that its students read."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from bngrader.check.messages import claim_in
from bngrader.check.mistakes import known
from bngrader.report.collect import AssignmentData


@dataclass(frozen=True)
class Frequent:
    """A known mistake, or a failed claim without one, and the number of students it happened to."""

    assignment: str
    function: str
    mistake: str
    known: bool
    students: int
    message: str  # the line that the students read


def frequent(data: AssignmentData) -> list[Frequent]:
    """List what went wrong in an assignment, the most common first. A student counts once for each mistake."""
    students: dict[tuple[str, str, bool], set[str]] = defaultdict(set)
    messages: dict[tuple[str, str, bool], str] = {}
    functions = {item.name: item.idea for item in data.items}
    for student, work in data.works.items():
        for cell, lines in work.hints.items():
            for function, name, is_known, message in _mistakes(functions.get(cell, cell), lines):
                students[function, name, is_known].add(student)
                messages[function, name, is_known] = message
    found = [Frequent(data.name, *mistake, len(who), messages[mistake]) for mistake, who in students.items()]
    return sorted(found, key=lambda one: (-one.students, not one.known, one.function, one.mistake))


def _mistakes(function: str, lines: list[str]) -> Iterator[tuple[str, str, bool, str]]:
    """Yield function, mistake, whether it is known, and what the student read; the claim, if no mistake is known."""
    about = known(function)
    names = {_without_spaces(mistake.hint): mistake.name for mistake in about.mistakes} if about else {}
    named = {names[_without_spaces(line)]: line for line in lines if _without_spaces(line) in names}
    for name, line in named.items():
        yield function, name, True, line
    if lines and not named:
        yield function, claim_in(lines[0]), False, lines[0]


def _without_spaces(text: str) -> str:
    """Remove all spaces: a message is wrapped, also after hyphens, so only the letters tell which hint it holds."""
    return "".join(text.split())
