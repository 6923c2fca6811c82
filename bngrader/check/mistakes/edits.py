"""The edits that turn a right answer into a wrong one.

An edit is a part of the right answer's source, and what to put in its place. Rewording a right answer changes what its
edits find, sometimes in another file, so an edit that does not match exactly as often as intended is an error.
"""

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from itertools import pairwise


class Every(str):
    """Text that an edit replaces wherever it occurs. Any other text has to occur exactly once."""

    __slots__ = ()


def apply(edits: Mapping[str, str], text: str) -> str:
    """Replace parts of a text, all at once.

    Raises ValueError if a part is missing, if it occurs more than once without being an `Every`, or if two overlap.
    """
    found = sorted((place, old) for old in edits for place in _places(old, text))
    for (start, old), (next_start, next_old) in pairwise(found):
        if start + len(old) > next_start:
            raise ValueError(f"{old!r} and {next_old!r} overlap in the right answer")
    edited, end = [], 0
    for start, old in found:
        edited += [text[end:start], edits[old]]
        end = start + len(old)
    return "".join([*edited, text[end:]])


def _places(old: str, text: str) -> list[int]:
    places = [match.start() for match in re.finditer(re.escape(old), text)]
    if not places:
        raise ValueError(f"the right answer has no {old!r}. Its closest line is {_closest_line(old, text)!r}")
    if len(places) > 1 and not isinstance(old, Every):
        raise ValueError(f"the right answer has {old!r} {len(places)} times. Use Every({old!r}) if all are meant")
    return places


def _closest_line(old: str, text: str) -> str:
    """Find the line of the text that shares the longest passages with `old`.

    `difflib.get_close_matches` compares whole lines, and `old` is often a small part of one.
    """
    wanted = next((line for line in old.splitlines() if line.strip() and line not in text), old).strip()

    def likeness(line: str) -> int:
        return sum(block.size**2 for block in SequenceMatcher(None, line, wanted).get_matching_blocks())

    return max((line.strip() for line in text.splitlines()), key=likeness, default="")
