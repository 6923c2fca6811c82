"""The page of feedback: what each idea earned, what went wrong and where to read on, and the notebook below."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from nbconvert.filters import strip_ansi
from nbformat import NotebookNode

from bngrader.authoring.chapter_links import Reading, reading
from bngrader.check.messages import claim_in, facts_in
from bngrader.engine.errors import OWN_TRACEBACK
from bngrader.feedback.failures import hints
from bngrader.feedback.hide_tests import Shown
from bngrader.feedback.notebook_html import shown_cells
from bngrader.feedback.questions import Idea, ideas_in, name_of
from bngrader.templates import render

LARGEST = 290_000  # bytes of a page, whatever the notebook holds
LONGEST = 4_000  # characters of one traceback, or of one message
SMALLEST = "smallest:"


@dataclass(frozen=True)
class Finding:
    """What went wrong in one way, in one test or in several."""

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
    """An idea as the page shows it."""

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
    """The HTML of a graded notebook of which `feedback.hide_tests` took what a student must not see.

    `slug` is its assignment, and `book` the address of the book, if that is known.
    """
    marked = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    sections = [_section(idea, slug, shown, book) for idea in ideas_in(marked)]
    facts = {
        "title": _title(marked, slug),
        "score": sum(shown.scores.values()) - shown.penalty,
        "max_score": sum(section.max_score for section in sections),
        "penalty": shown.penalty,
        "waiting": shown.waiting,
        "ideas": sections,
    }
    used = len(render("feedback", **facts, cells=[]).encode())
    return render("feedback", **facts, cells=shown_cells(notebook.cells, LARGEST - used))


def _title(cells: list[NotebookNode], slug: str) -> str:
    """The heading of the assignment's own first text."""
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
    """What went wrong in an idea; tests that failed in the same way are one finding."""
    if idea.in_words:
        return
    for error in _errors(idea.answer):
        traceback = "\n".join(error.traceback)
        text = f"{error.ename}: {error.evalue}".splitlines()[0]
        yield Finding("The cell with your code ended in this error.", _cut(text, 300), traceback=_cut(traceback))
    same: dict[str, list[NotebookNode]] = {}
    for cell in filter(_errors, idea.graded):
        said = "\n".join([*hints(cell), *map(_own_traceback, _errors(cell))])
        same.setdefault(said, []).append(cell)
    for cells in same.values():
        yield _finding(cells, reading(slug, idea.name, name_of(cells[0]), book))


def _finding(cells: list[NotebookNode], read_on: Reading | None) -> Finding:
    claim, *more = hints(cells[0])
    errors = [error for cell in cells for error in _errors(cell)]
    title, evidence = min(map(_evidence, errors), key=lambda shown: len(shown[1]))
    return Finding(
        f"Found by {' and '.join(name_of(cell) for cell in cells)}.",
        _cut(claim_in(claim), 300),
        [_cut(line) for line in more],
        title,
        _cut(evidence),
        _cut(_own_traceback(errors[0])),
        read_on,
    )


def _evidence(error: NotebookNode) -> tuple[str, str]:
    """The smallest input that is known on which a function fails, under a title that says what it is."""
    facts = dict(facts_in(strip_ansi(error.evalue)))
    if smallest := facts.pop(SMALLEST, ""):
        return "The smallest input that was found on which it fails:", smallest.partition("\n")[2]
    return "The input, and what came of it:", "\n".join(_beside(*fact) for fact in facts.items())


def _beside(label: str, text: str) -> str:
    """A label and a text of several lines, which stay below each other."""
    return f"{label} " + text.replace("\n", "\n" + " " * (len(label) + 1))


def _errors(cell: NotebookNode) -> Iterable[NotebookNode]:
    return [output for output in cell.get("outputs", []) if output.output_type == "error"]


def _own_traceback(error: NotebookNode) -> str:
    parts = [part.removeprefix(OWN_TRACEBACK).strip("\n") for part in error.traceback if part.startswith(OWN_TRACEBACK)]
    return strip_ansi("\n".join(parts))


def _cut(text: str, longest: int = LONGEST) -> str:
    text = strip_ansi(text)
    return text if len(text) <= longest else f"{text[: longest // 2]}\n[...]\n{text[-longest // 2 :]}"
