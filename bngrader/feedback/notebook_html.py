"""A graded notebook as HTML: each cell with its outputs, within a budget of bytes."""

from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup
from nbconvert.filters import strip_ansi
from nbformat import NotebookNode

from bngrader.course.names import readable
from bngrader.feedback.markdown_html import cut, quoted
from bngrader.feedback.safe_html import IMAGES
from bngrader.templates import highlighted

MAX_SOURCE_CHARACTERS, MAX_OUTPUT_CHARACTERS = 20_000, 8_000  # of one cell
LEFT_OUT = Markup('<p class="quiet">This was left out because it is too large for this page.</p>')
CELL_OVERHEAD_BYTES = 120  # of the page's own HTML around a cell
PICTURE = "<img "


@dataclass
class ShownCell:
    """A cell as the page shows it; `name` is its `grade_id`, or a number if the student added it."""

    name: str
    label: str
    html: Markup
    outputs: list[Markup]


def shown_cells(cells: list[NotebookNode], room: int) -> list[ShownCell]:
    """Render the cells, leaving out what does not fit into `room` bytes: pictures before text, later before earlier."""
    shown = [_shown(cell, number) for number, cell in enumerate(cells)]
    fitting = _Budget(room - sum(CELL_OVERHEAD_BYTES + len(cell.label.encode()) for cell in shown))
    for cell in shown:
        cell.html = fitting(cell.html)
    for pictures in (False, True):
        for cell in shown:
            cell.outputs = [fitting(one) if one.startswith(PICTURE) == pictures else one for one in cell.outputs]
    return shown


class _Budget:
    """Replaces content that exceeds the remaining bytes by a note."""

    def __init__(self, left: int) -> None:
        self._left = left

    def __call__(self, html: Markup) -> Markup:
        size = len(html.encode())
        fits = size + len(LEFT_OUT) <= self._left
        self._left -= size if fits else len(LEFT_OUT)
        return html if fits else LEFT_OUT


def _shown(cell: NotebookNode, number: int) -> ShownCell:
    marks = cell.metadata.get("nbgrader")
    name = str(marks.grade_id) if marks else f"{number}"
    if cell.cell_type == "markdown":
        return ShownCell(name, "", Markup(quoted(cell)), [])
    outputs = [_output(output) for output in cell.get("outputs", [])]
    label = name if marks else "Your own cell"
    return ShownCell(name, label, _code(cut(cell.source, MAX_SOURCE_CHARACTERS)), outputs)


@lru_cache(maxsize=256)  # most cells of a class's notebooks are the same
def _code(source: str) -> Markup:
    return Markup('<pre class="code">{}</pre>').format(highlighted(readable(source, lines=True)))


def _output(output: NotebookNode) -> Markup:
    if output.output_type == "error":
        return _text("\n".join(output.traceback))
    data = output.get("data", {})
    image = next((mime for mime in IMAGES if mime in data), None)
    if image:
        source = f"data:{image};base64,{''.join(data[image].split())}"
        return Markup(PICTURE + 'src="{}" alt="A figure that this cell drew">').format(source)
    return _text(output.get("text") or data.get("text/plain") or "")


def _text(text: str) -> Markup:
    return Markup('<pre class="output">{}</pre>').format(
        cut(readable(strip_ansi(text), lines=True), MAX_OUTPUT_CHARACTERS)
    )
