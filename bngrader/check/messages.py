"""What a failed check says: the claim in the first line, then a block for each hint, input and fact, in one screen."""

import re
import textwrap
from typing import Any

import numpy as np

SCREEN, LINES, WIDTH = 36, 12, 88  # lines of a whole message and of one block of it, and columns
INDENT = " " * 14
HINT = "  hint:      "
FAILED_PREFIX = "Failed: "
OLD_PREFIX = "Not so: "  # gradebooks and graded notebooks of earlier versions still hold it
BLOCK = re.compile(r" {2}(\w[^=:]*?)( =|:) +(.*)")


class CheckFailed(AssertionError):
    """A student's answer broke a rule. The first line of its text names the rule."""

    def _render_traceback_(self) -> list[str]:
        # IPython prints this in place of the frames of this package, which would hide the message.
        return str(self).splitlines()


def failure(claim: str, inputs: dict[str, Any], hints: list[str] | None = None, **facts: Any) -> CheckFailed:
    """The error for a broken claim: the claim, then the hints, the inputs and the facts, a block each."""
    blocks = [f"{HINT} " + f"\n{INDENT}".join(textwrap.wrap(hint, WIDTH)) for hint in hints or []]
    most = max(4, min(LINES, SCREEN // max(1, len(inputs) + len(facts))))
    blocks += [_block(f"{name} =", show(value), most, _kind(value)) for name, value in inputs.items()]
    said = {name: value if isinstance(value, str) else show(value) for name, value in facts.items()}
    blocks += [_block(f"{name}:", text, most) for name, text in said.items()]
    return CheckFailed("\n".join([f"{FAILED_PREFIX}{claim}.", *blocks]))


def hints_in(text: str) -> list[str]:
    """What the text of a CheckFailed tells its reader first: the claim that broke, then each hint, a line each."""
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
    """What the text of a CheckFailed shows besides: the label of each input and fact, and its text."""
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines()[1:]:
        started = BLOCK.fullmatch(line)
        if started:
            found.append((started[1] + started[2], [started[3]]))
        elif found and line.startswith(INDENT):
            found[-1][1].append(line.removeprefix(INDENT))
    return [(label, "\n".join(lines)) for label, lines in found if label != HINT.strip()]


def _block(label: str, text: str, most: int, last: str = "") -> str:
    """A label and up to `most` lines: of the text, without the empty lines of arrays with many axes, and `last`."""
    lines = [
        line if len(line) <= 2 * WIDTH else line[: 2 * WIDTH] + " ..." for line in text.splitlines() if line.strip()
    ]
    room = most - bool(last)
    if len(lines) > room:
        lines[room - 1 :] = ["..."]
    return f"  {label:<11} " + f"\n{INDENT}".join([*lines, *([last] if last else [])])


def show(value: Any, digits: int = 6) -> str:
    """`value` as a student would print it, shortened."""
    with np.printoptions(precision=digits, threshold=30, edgeitems=2, linewidth=WIDTH):
        return str(value) if isinstance(value, np.ndarray) else repr(value)


def _kind(value: Any) -> str:
    return f"{value.dtype}, shape {value.shape}" if isinstance(value, np.ndarray) else ""


def difference(wrong: Any, expected: Any, numbers: Any, digits: int) -> str:
    """How many entries are `wrong`, and the first of them."""
    where = tuple(int(i) for i in np.argwhere(wrong)[0])
    text = f"{wrong.sum()} of {wrong.size} entries differ"
    if where:
        text += f"; the first is at index {list(where)}:"
        text += f" {expected[where]:.{digits}g} expected, {numbers[where]:.{digits}g} got"
    return text


def describe(result: Any) -> str:
    """What kind of thing a result is, in a few words."""
    if result is None:
        return "None: is a return missing?"
    if isinstance(result, np.ndarray):
        return f"an array of shape {result.shape}, dtype {result.dtype}"
    if isinstance(result, tuple | list):
        return f"a {type(result).__name__} of {len(result)}"
    return f"{type(result).__name__}: {str(result)[:WIDTH]}"
