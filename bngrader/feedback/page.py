"""The feedback page: the points of each question, what went wrong and where to read on, and the notebook."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from nbconvert.filters import strip_ansi
from nbformat import NotebookNode

from bngrader.authoring.chapter_links import Reading, reading
from bngrader.check.messages import FAILED_PREFIX, OLD_PREFIX, facts_in
from bngrader.engine.errors import OWN_TRACEBACK
from bngrader.feedback.failures import hints
from bngrader.feedback.hide_tests import Shown
from bngrader.feedback.markdown_html import cut
from bngrader.feedback.notebook_html import shown_cells
from bngrader.feedback.questions import Idea, ideas_in, name_of
from bngrader.templates import render

MAX_PAGE_BYTES = 290_000  # whatever the notebook holds
MAX_TEXT_CHARACTERS = 4_000  # of one traceback, or of one message
MAX_CLAIM_CHARACTERS = 300
SMALLEST = "smallest:"


@dataclass(frozen=True)
class Finding:
    """One way to go wrong, found by one test or by several."""

    where: str
    claim: str
    hints: list[str] = field(default_factory=list)
    evidence_title: str = ""
    evidence: str = ""
    traceback: str = ""
    reading: Reading | None = None


@dataclass(frozen=True)
class _Part:
    name: str
    score: float
    max_score: float
    waits: bool

    @property
    def result(self) -> str:
        if self.waits:
            return "waits for your instructor"
        return "all points" if self.score >= self.max_score else "some points" if self.score > 0 else "no points"

    @property
    def tone(self) -> str:
        return "quiet" if self.waits else "good" if self.score >= self.max_score else "bad"


@dataclass(frozen=True)
class _Section:
    """A question as the page shows it."""

    name: str
    title: str
    parts: list[_Part]
    comment: str | None
    findings: list[Finding]

    @property
    def score(self) -> float:
        return sum(part.score for part in self.parts)

    @property
    def max_score(self) -> float:
        return sum(part.max_score for part in self.parts)


def page(notebook: NotebookNode, slug: str, shown: Shown, book: str = "") -> str:
    """Make the HTML page for a graded notebook that `hide_tests` has already cleaned.

    `slug` is its assignment, and `book` the address of the book, if that is known.
    """
    marked = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    ideas = ideas_in(marked)
    sections = [_section(idea, slug, shown, book) for idea in ideas]
    in_words = {name_of(cell) for idea in ideas if idea.in_words for cell in idea.graded}
    facts = {
        "title": _title(marked, slug),
        "score": sum(shown.scores.values()) - shown.penalty,
        "max_score": sum(section.max_score for section in sections),
        "penalty": shown.penalty,
        "waiting": ["the written question" if name in in_words else name for name in shown.waiting],
        "ideas": sections,
    }
    used = len(render("feedback", **facts, cells=[]).encode())
    return render("feedback", **facts, cells=shown_cells(notebook.cells, MAX_PAGE_BYTES - used))


def _title(cells: list[NotebookNode], slug: str) -> str:
    """Return the heading in the assignment's first text cell."""
    first = next((cell.source for cell in cells if cell.cell_type == "markdown"), "")
    heading = re.match(r"# (.+)", first)
    return heading[1].strip() if heading else slug


def _section(idea: Idea, slug: str, shown: Shown, book: str) -> _Section:
    parts = [
        _Part(
            name_of(cell),
            shown.scores.get(name_of(cell), 0.0),
            float(cell.metadata.nbgrader.points),
            name_of(cell) in shown.waiting,
        )
        for cell in idea.graded
    ]
    title = "The written question" if idea.in_words else idea.name
    return _Section(idea.name, title, parts, shown.comments.get(idea.name), list(_findings(idea, slug, book)))


def _findings(idea: Idea, slug: str, book: str) -> Iterator[Finding]:
    """Yield what went wrong in a question; tests that failed in the same way make one finding."""
    if idea.in_words:
        return
    for error in _errors(idea.answer):
        traceback = "\n".join(error.traceback)
        text = f"{error.ename}: {error.evalue}".splitlines()[0]
        claim, traceback = _short(text, MAX_CLAIM_CHARACTERS), _short(traceback)
        yield Finding("The cell with your code ended with this error.", claim, traceback=traceback)
    same: dict[str, list[NotebookNode]] = {}
    for cell in filter(_errors, idea.graded):
        text = "\n".join([*hints(cell), *map(_own_traceback, _errors(cell))])
        same.setdefault(text, []).append(cell)
    for cells in same.values():
        yield _finding(cells, reading(slug, idea.name, name_of(cells[0]), book))


def _finding(cells: list[NotebookNode], read_on: Reading | None) -> Finding:
    claim, *more = hints(cells[0])
    errors = [error for cell in cells for error in _errors(cell)]
    title, evidence = min(map(_evidence, errors), key=lambda shown: len(shown[1]))
    return Finding(
        f"Found by {_listed([name_of(cell) for cell in cells])}.",
        _short(claim.replace(OLD_PREFIX, FAILED_PREFIX, 1), MAX_CLAIM_CHARACTERS),
        [_short(line) for line in more],
        title,
        _short(evidence),
        _short(_own_traceback(errors[0])),
        read_on,
    )


def _listed(names: list[str]) -> str:
    """Join names as in "a, b and c"."""
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last


def _evidence(error: NotebookNode) -> tuple[str, str]:
    """Return the smallest known input on which a function fails, and a title for it."""
    facts = dict(facts_in(strip_ansi(error.evalue)))
    if smallest := facts.pop(SMALLEST, ""):
        return "The smallest input that we found on which your function fails:", smallest.partition("\n")[2]
    return "The input and the result:", "\n".join(_labelled(*fact) for fact in facts.items())


def _labelled(label: str, text: str) -> str:
    """Put a label before a text of several lines, which stay aligned."""
    return f"{label} " + text.replace("\n", "\n" + " " * (len(label) + 1))


def _errors(cell: NotebookNode) -> Iterable[NotebookNode]:
    return [output for output in cell.get("outputs", []) if output.output_type == "error"]


def _own_traceback(error: NotebookNode) -> str:
    parts = [part.removeprefix(OWN_TRACEBACK).strip("\n") for part in error.traceback if part.startswith(OWN_TRACEBACK)]
    return strip_ansi("\n".join(parts))


def _short(text: str, longest: int = MAX_TEXT_CHARACTERS) -> str:
    return cut(strip_ansi(text), longest)
