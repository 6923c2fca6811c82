"""Names that students chose: safe printing, and the rules for the name of a student's folder."""

import hashlib
import os
import shlex
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path

MAX_ID_CHARACTERS = 128  # the width of the column in nbgrader's gradebook
MAX_NAME_BYTES = 255  # the limit of Linux's file systems
MAX_SHOWN_NAMES, MAX_SHOWN_CHARACTERS = 5, 120  # in a list of files, and of each name in it
# Control characters, lone surrogates, line breaks, and characters that are invisible or turn the direction of the text.
HARMFUL = {"Cc", "Cf", "Cs", "Zl", "Zp"}
JOINERS = "\u200c\u200d"  # invisible too, but Persian, Hindi and emoji need them


def readable(text: object, *, lines: bool = False, longest: int | None = None) -> str:
    r"""Spell out every character that could act on a terminal or a page, or that UTF-8 cannot hold.

    Everything that a student chose is printed and stored through this function: names of files and folders, metadata,
    messages of their exceptions. The result is one line: an escape character becomes \x1b, a line break \n, and a byte
    that is not UTF-8 its hex code. With `lines`, line breaks and tabs stay as they are. Of a text with more than
    `longest` characters, the middle is left out.
    """
    whole = str(text)
    if lines:
        shown = "\n".join("\t".join(map(_on_one_line, line.split("\t"))) for line in whole.split("\n"))
    else:
        shown = _on_one_line(whole)
    if longest is not None and len(shown) > longest:
        return f"{shown[: longest // 2]}[...]{shown[-(longest // 2) :]}"
    return shown


def _on_one_line(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _spelled(character) for character in text)


@cache
def _spelled(character: str) -> str:
    if unicodedata.category(character) not in HARMFUL or character in JOINERS:
        return character
    if "\udc80" <= character <= "\udcff":  # Python's stand-in for a byte of a file name that it could not decode
        return f"\\x{ord(character) - 0xDC00:02x}"
    return repr(character)[1:-1]


def listed(names: Sequence[str]) -> str:
    """Return the first few of some names of files in one line."""
    shown = [readable(name, longest=MAX_SHOWN_CHARACTERS) for name in names[:MAX_SHOWN_NAMES]]
    return ", ".join([*shown, *(["..."] if len(names) > MAX_SHOWN_NAMES else [])])


def file_name(name: str, longest: int) -> str:
    """Return a readable name for a copy of a student's file, of at most `longest` bytes, with the same extension."""
    shown = readable(name)
    if len(shown.encode()) <= longest:
        return shown
    extension = os.path.splitext(shown)[1]
    ending = f"-{hashlib.sha256(os.fsencode(name)).hexdigest()[:8]}{extension if len(extension) <= 8 else ''}"
    return shown.encode()[: longest - len(ending.encode())].decode(errors="ignore") + ending


def id_fault(student: str) -> str | None:
    """Say why a text cannot be a student's id, which is also the name of a folder; None if it can."""
    if not student:
        return "is empty"
    if any("\ud800" <= character <= "\udfff" for character in student):
        return "is not UTF-8"
    if readable(student) != student:
        return "contains invisible characters"
    if student.startswith(".") or "/" in student or "\\" in student:
        return "cannot be the name of a folder: it must not begin with a dot or contain / or \\"
    if len(student) > MAX_ID_CHARACTERS or len(student.encode()) > MAX_NAME_BYTES:
        return f"is longer than {MAX_ID_CHARACTERS} characters"
    return None


def rename_advice(folder: Path) -> str:
    """Say what to do about a student's folder with an invalid name."""
    if id_fault(folder.name) and not id_fault(_as_utf8(folder.name)):
        return "Its name is UTF-8, which this locale cannot read: run the command again with PYTHONUTF8=1"
    return f"Rename it: mv {shell_quoted(folder)} {shell_quoted(folder.parent / 'STUDENT_ID')}"


def _as_utf8(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "surrogateescape")


def shell_quoted(path: Path) -> str:
    """Quote a path so that bash reads it unchanged and every terminal shows it."""
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
