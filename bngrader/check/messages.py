"""The text of a failed check: the claim on the first line, then a block for each hint, input and fact, on one screen.

Others take the text apart again (`hints_in`, `facts_in`), since an exception's text is all that a notebook keeps of it.
"""

import re
import textwrap
from typing import Any

import numpy as np

MAX_LINES, MAX_BLOCK_LINES, COLUMNS = 36, 12, 88  # of a whole message, of one of its blocks, and of a line
INDENT = " " * 14
HINT = "  hint:      "
FAILED_PREFIX = "Failed: "
OLD_PREFIX = "Not so: "  # gradebooks and graded notebooks of earlier versions still hold it
BLOCK = re.compile(r" {2}(\w[^=:]*?)( =|:) +(.*)")


class CheckFailed(AssertionError):
    """A student's answer failed a check. The first line of the text states the claim that does not hold."""

    def _render_traceback_(self) -> list[str]:
        # IPython prints this instead of this package's frames, among which the message would get lost.
        return str(self).splitlines()


def failure(claim: str, inputs: dict[str, Any], hints: list[str] | None = None, **facts: Any) -> CheckFailed:
    """Build the error for a failed claim: the claim, then one block for each hint, input and fact."""
    blocks = [f"{HINT} " + f"\n{INDENT}".join(textwrap.wrap(hint, COLUMNS)) for hint in hints or []]
    most = max(4, min(MAX_BLOCK_LINES, MAX_LINES // max(1, len(inputs) + len(facts))))
    blocks += [_block(f"{name} =", show(value), most, _kind(value)) for name, value in inputs.items()]
    texts = {name: value if isinstance(value, str) else show(value) for name, value in facts.items()}
    blocks += [_block(f"{name}:", text, most) for name, text in texts.items()]
    return CheckFailed("\n".join([f"{FAILED_PREFIX}{claim}.", *blocks]))


def hints_in(text: str) -> list[str]:
    """Return the first lines of a CheckFailed's text: the claim, then each hint on one line."""
    found: list[str] = []
    in_hint = False
    for line in text.strip().splitlines():
        continues = in_hint and line.startswith(INDENT)
        in_hint = continues or line.startswith(HINT)
        if continues:
            found[-1] += " " + line.strip()
        elif in_hint or not found:
            found.append(line.removeprefix(HINT).strip())
    return found


def claim_in(line: str) -> str:
    """Return the first line of a CheckFailed without its prefix."""
    return line.removeprefix(FAILED_PREFIX).removeprefix(OLD_PREFIX)


def facts_in(text: str) -> list[tuple[str, str]]:
    """Return the inputs and facts in a CheckFailed's text, each as a label and a text."""
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines()[1:]:
        started = BLOCK.fullmatch(line)
        if started:
            found.append((started[1] + started[2], [started[3]]))
        elif found and line.startswith(INDENT):
            found[-1][1].append(line.removeprefix(INDENT))
    return [(label, "\n".join(lines)) for label, lines in found if label != HINT.strip()]


def _block(label: str, text: str, most: int, last: str = "") -> str:
    """Lay out a label with up to `most` lines of text, the last of them `last`.

    Empty lines, which NumPy prints between the axes of an array, are left out.
    """
    lines = [
        line if len(line) <= 2 * COLUMNS else line[: 2 * COLUMNS] + " ..." for line in text.splitlines() if line.strip()
    ]
    room = most - bool(last)
    if len(lines) > room:
        lines[room - 1 :] = ["..."]
    return f"  {label:<11} " + f"\n{INDENT}".join([*lines, *([last] if last else [])])


def show(value: Any, digits: int = 6) -> str:
    """Show `value` as a student would print it, shortened."""
    with np.printoptions(precision=digits, threshold=30, edgeitems=2, linewidth=COLUMNS):
        return str(value) if isinstance(value, np.ndarray) else repr(value)


def _kind(value: Any) -> str:
    return f"{value.dtype}, shape {value.shape}" if isinstance(value, np.ndarray) else ""


def difference(wrong: Any, expected: Any, numbers: Any, digits: int) -> str:
    """Say how many entries are `wrong`, and show the first of them."""
    where = tuple(int(i) for i in np.argwhere(wrong)[0])
    text = f"{wrong.sum()} of {wrong.size} entries differ"
    if where:
        text += f"; the first is at index {list(where)}:"
        text += f" expected {expected[where]:.{digits}g}, got {numbers[where]:.{digits}g}"
    return text


def describe(result: Any) -> str:
    """Describe a result in a few words."""
    if result is None:
        return "None: did you forget the `return`?"
    if isinstance(result, np.ndarray):
        return f"an array with shape {result.shape} and dtype {result.dtype}"
    if isinstance(result, tuple | list):
        items = "1 item" if len(result) == 1 else f"{len(result)} items"
        return f"a {type(result).__name__} with {items}"
    return f"{type(result).__name__}: {str(result)[:COLUMNS]}"
