"""Take the prose out of a Markdown page or a Python file: no code, math, options, addresses or quotations."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from prose.sentences import sentences

CODE = "□"  # stands for inline code, a reference or a quotation
NUMBER = "■"  # stands for math, or for a number that a chapter computes
PROSE_DIRECTIVES = {"admonition", "caution", "dropdown", "figure", "glossary", "hint", "important", "note", "tip"}
PROSE_DIRECTIVES |= {"seealso", "warning", "widget"}
TITLED = {"admonition", "dropdown"}  # the line that opens these ends with a title

FENCE = re.compile(r"\s*(`{3,}|~{3,}|:{3,})\s*(?:\{([\w:-]+)\})?\s*(.*)$")
SKIPPED = re.compile(r"\s*(?:\([\w-]+\)=|%|>|:[\w-]+:(?:\s|$)|<!--.*-->|\|?[\s:|-]+\|?$)")
DESCRIBED = re.compile(r"\s+(?:alt|caption): (.+)")  # in the options of a cell that draws a figure
START = re.compile(r"\s*(?:#{1,6}\s|[-*+]\s+|\d+\.\s+|:\s+)")
INLINE = re.compile(
    r"""
      (?:\{(?P<role>[\w:]+)\})?(?P<ticks>`+)(?P<body>.+?)(?P=ticks)
    | (?P<number>\$[^$]+\$ | \{\{.*?\}\})
    | (?P<code>\[\]\([^)]*\) | <?https?://[^\s>)]+>? | "[^"]*")
    | (?P<markup>!?\[ | \](?:\([^)]*\))? | </?[a-z][^>]*> | \*+ | \\(?=\W))
    | (?P<space>\s+)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Prose:
    """Text of paragraphs, which empty lines part, and the line of the source that each of its characters is from."""

    text: str
    lines: tuple[int, ...]


def extract(name: str, source: str) -> Prose:
    """Return the prose of a page (`.md`), or of the markdown cells and the sentences in strings of a `.py` file."""
    if name.endswith(".py"):
        cells = _paragraphs(list(_markdown_cells(source)))
        paragraphs = [*cells, *([sentence] for sentence in sentences(source, CODE))]
    else:
        paragraphs = [*_paragraphs(list(enumerate(source.splitlines(), start=1)))]
    pieces = [piece for paragraph in paragraphs for piece in [*_without_marks(paragraph), ("\n\n", 0)]]
    text = "".join(piece for piece, _ in pieces)
    return Prose(text, tuple(line for piece, line in pieces for _ in piece))


def _markdown_cells(source: str) -> Iterator[tuple[int, str]]:
    markdown = False
    for number, line in enumerate(source.splitlines(), start=1):
        if line.startswith("# %%"):
            markdown = "[markdown]" in line
            yield number, ""
        elif markdown:
            yield number, line.removeprefix("#").removeprefix(" ")


def _paragraphs(lines: list[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """Yield the lines of each paragraph, heading, item of a list and cell of a table, with their numbers."""
    paragraph: list[tuple[int, str]] = []
    for number, line in _without_blocks(lines):
        if not line.strip() or SKIPPED.match(line) or START.match(line) or line.lstrip().startswith("|"):
            yield paragraph
            paragraph = []
        if line.startswith("#"):
            yield [(number, line.lstrip("# "))]
        elif line.lstrip().startswith("|"):
            yield from ([(number, cell)] for cell in line.strip().strip("|").split("|") if not SKIPPED.match(cell))
        elif line.strip() and not SKIPPED.match(line):
            paragraph.append((number, line[found.end() :] if (found := START.match(line)) else line))
    yield paragraph


def _without_blocks(lines: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Leave out front matter, blocks of code and math, and directives that hold no prose; open those that do."""
    opened: list[str] = []  # the fences of the directives that this line is in
    closing = ""  # what ends the block that is being left out
    before = ""
    for number, line in lines:
        text, fence = line.strip(), FENCE.fullmatch(line)
        if closing:
            if described := DESCRIBED.fullmatch(line):
                yield from [(number, ""), (number, described[1].strip("\"'")), (number, "")]
            closing = "" if text.startswith(closing) or (closing == "$$" and text.endswith("$$")) else closing
        elif text == "---" and (number == 1 or FENCE.fullmatch(before)):
            closing = "---"
        elif text.startswith("$$"):
            closing = "" if len(text) > 2 and text.endswith("$$") else "$$"
            yield number, f"${NUMBER}$"  # a sentence goes on around a formula
        elif text.startswith("\\begin{"):
            closing = "\\end{"
        elif opened and text == opened[-1]:
            opened.pop()
            yield number, ""
        elif fence and fence[2] in PROSE_DIRECTIVES:
            opened.append(fence[1])
            yield from [(number, ""), (number, fence[3] if fence[2] in TITLED else ""), (number, "")]
        elif fence:
            closing = fence[1]
            yield number, ""
        else:
            yield number, line
        before = line


def _without_marks(paragraph: list[tuple[int, str]]) -> Iterator[tuple[str, int]]:
    """Yield a paragraph's characters with their lines, and stand-ins in place of what is no prose."""
    source = "\n".join(line for _, line in paragraph)
    numbers = [number for number, line in paragraph for _ in [*line, "\n"]]
    position = 0
    for found in INLINE.finditer(source):
        yield from zip(source[position : found.start()], numbers[position : found.start()], strict=True)
        yield _shown(found), numbers[found.start()]
        position = found.end()
    yield from zip(source[position:], numbers[position:], strict=False)


def _shown(found: re.Match[str]) -> str:
    """Return what a reader sees in place of a mark: its text, a stand-in, or nothing."""
    if found["ticks"]:
        if found["role"] in {"term", "ref", "doc"}:
            return found["body"].partition(" <")[0].replace("\n", " ")
        return NUMBER if found["role"] in {"glue:text", "math", "eq"} else "" if found["role"] == "cite:p" else CODE
    return NUMBER if found["number"] else CODE if found["code"] else " " if found["space"] else ""
