"""What students and graders see of a graded notebook: what happened, but nothing of the hidden tests."""

import copy
import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from nbconvert.exporters import HTMLExporter
from nbconvert.filters import Highlight2HTML
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbformat import NotebookNode
from nbgrader.converters import GenerateFeedback
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution

from bngrader.check import CheckFailed
from bngrader.engine.errors import OWN_TRACEBACK
from bngrader.markup import harmless, safe_markdown
from bngrader.sources import released


@dataclass(frozen=True)
class Shown:
    """The scores and comments that a page of feedback shows, by the `grade_id` of the cell."""

    scores: dict[str, float]
    comments: dict[str, str | None]
    penalty: float = 0.0  # points, for a late submission

    def digest(self) -> str:
        """The same text for the same content, to tell whether a page is still true."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def hide_tests(notebook: NotebookNode) -> NotebookNode:
    """A copy whose test cells are as they were handed out, and whose failures show no line of a test.

    Of a failure in a test cell the message is left, and the traceback of the student's own code. Outputs that could act
    in a browser are left out.
    """
    shown = released(notebook)
    for cell in shown.cells:
        if is_grade(cell) and not is_solution(cell) and cell.cell_type == "code":
            cell.outputs = [_without_frames(output) for output in cell.outputs]
        if cell.cell_type == "code":
            cell.outputs = harmless(cell.outputs)
    return shown


def _without_frames(output: NotebookNode) -> NotebookNode:
    if output.output_type != "error":
        return output
    said = output.evalue if output.ename == CheckFailed.__name__ else f"{output.ename}: {output.evalue}"
    own = [part for part in output.traceback if part.startswith(OWN_TRACEBACK)]
    return NotebookNode(output, traceback=[*said.splitlines(), *own])


def page(notebook: NotebookNode, name: str, shown: Shown) -> str:
    """The HTML of a graded notebook, by nbgrader's own template; `name` is its title."""
    notebook = copy.deepcopy(notebook)
    cells = [cell.metadata.nbgrader for cell in notebook.cells if "nbgrader" in cell.metadata]
    for metadata in cells:
        metadata.update(score=shown.scores.get(metadata.grade_id), comment=shown.comments.get(metadata.grade_id))
    facts = {
        "notebook": name,
        "score": sum(shown.scores.values()) - shown.penalty,
        "max_score": sum(_points(cells)),
        "late_penalty": shown.penalty,
    }
    html, _ = _exporter().from_notebook_node(notebook, resources={"nbgrader": facts})
    return html


def _points(cells: Iterable[Any]) -> Iterable[float]:
    return (float(metadata.points) for metadata in cells if metadata.grade)


class _Exporter(HTMLExporter):
    """nbconvert's exporter without its last step, three quarters of the time: it parses the page to complete it."""

    def from_notebook_node(  # type: ignore[override]  # as in the class above
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **options: Any
    ) -> tuple[str, dict[str, Any]]:
        resources = self._init_resources(resources)
        self.register_filter("highlight_code", _highlighted)
        return super(HTMLExporter, self).from_notebook_node(nb, resources, **options)


@lru_cache(maxsize=256)  # most cells of a class's notebooks are the same
def _highlighted_source(source: str) -> str:
    return str(Highlight2HTML(pygments_lexer="ipython3")(source))


def _highlighted(source: str, language: str | None = None, metadata: Any = None) -> str:
    return _highlighted_source(source)


@lru_cache(maxsize=1)
def _exporter() -> HTMLExporter:
    """The exporter of `nbgrader generate_feedback`, except that a student's HTML cannot act."""
    exporter = _Exporter(config=GenerateFeedback().config, filters={"markdown2html": safe_markdown})
    exporter.register_preprocessor(CSSHTMLHeaderPreprocessor, enabled=True)
    return exporter


class HideTests(NbGraderPreprocessor):
    """`hide_tests` as a step of nbgrader's autograder, after the scores are saved."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Replace the notebook that is written to autograded/."""
        return hide_tests(nb), resources
