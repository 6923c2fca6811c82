"""Names that a student chose: how they are printed and stored, and which of them a student's folder can have."""

import os
import shlex
import unicodedata
from functools import cache
from pathlib import Path

LONGEST = 128  # characters of an id in nbgrader's gradebook
# Control characters, lone surrogates, line breaks, and what changes the direction of the text or cannot be seen.
HARMFUL = {"Cc", "Cf", "Cs", "Zl", "Zp"}
JOINERS = "\u200c\u200d"  # also invisible, but Persian, Hindi and emoji are not spelled right without them


def readable(text: object, *, lines: bool = False) -> str:
    r"""Spell out every character that could act on a terminal or a page, or that UTF-8 cannot hold.

    The result is one line: an escape character becomes \x1b, a line break \n, and a byte that is not UTF-8 its number.
    With `lines`, line breaks and tabs stay as they are.
    """
    whole = str(text)
    if whole.isprintable():
        return whole
    if lines:
        return "\n".join("\t".join(map(readable, line.split("\t"))) for line in whole.split("\n"))
    return "".join(character if character.isprintable() else _spelled(character) for character in whole)


@cache
def _spelled(character: str) -> str:
    if unicodedata.category(character) not in HARMFUL or character in JOINERS:
        return character
    if "\udc80" <= character <= "\udcff":  # Python's stand-in for a byte of a file name that it could not decode
        return f"\\x{ord(character) - 0xDC00:02x}"
    return repr(character)[1:-1]


def id_fault(student: str) -> str | None:
    """Say why a text cannot be a student's id, which names a folder; None if it can."""
    if not student:
        return "is empty"
    if any("\ud800" <= character <= "\udfff" for character in student):
        return "is not UTF-8"
    if readable(student) != student:
        return "holds characters that cannot be seen"
    if student.startswith(".") or "/" in student or "\\" in student:
        return "names a folder, so it cannot begin with a dot, or hold / or \\"
    if len(student) > LONGEST or len(student.encode()) > 255:
        return f"is longer than {LONGEST} characters"
    return None


def rename_advice(folder: Path) -> str:
    """Say what to do about a student's folder whose name is at fault."""
    if id_fault(folder.name) and not id_fault(_as_utf8(folder.name)):
        return "Its name is UTF-8, which the locale does not read here: run the command again with PYTHONUTF8=1"
    return f"Rename it: mv {shell_quoted(folder)} {shell_quoted(folder.parent / 'STUDENT_ID')}"


def _as_utf8(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "surrogateescape")


def shell_quoted(path: Path) -> str:
    """Quote a path so that bash takes it as it is, and every terminal shows it."""
    text = os.fspath(path)
    if readable(text) == text:
        return shlex.quote(text)
    return "$'" + "".join(map(_shell_character, text)) + "'"


def _shell_character(character: str) -> str:
    if character in "'\\":
        return f"\\{character}"
    if readable(character) == character:
        return character
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(character))
