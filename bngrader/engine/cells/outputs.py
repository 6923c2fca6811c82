"""The outputs of notebook cells: made by the engine, or cleaned if they come from the student's process."""

import json
import re
from typing import Any

from bngrader.engine.cells.shell import Output
from bngrader.engine.errors import ProtocolError

BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
# The types that a page can show without running code of the submission: no HTML, and nothing that becomes HTML.
MIMES = {"text/plain": re.compile(r".*", re.DOTALL), "image/png": BASE64, "image/jpeg": BASE64}
MAX_TRACEBACK_LINES = 200
MAX_ERROR_CHARACTERS = 20_000  # of an error's text, and of each line of its traceback
MAX_TRACEBACK_CHARACTERS = 100_000
STORED_LINE_BYTES, STORED_OUTPUT_BYTES = 12, 300  # that a notebook's file has in addition to the text
SHORT_ERROR_CHARACTERS = 200
SHORT_BYTES = 5000  # at most, of what `shortened` returns


def stream(text: str, name: str = "stdout") -> Output:
    """Make the output of text that was printed."""
    return {"output_type": "stream", "name": name, "text": clean_text(text)}


def error(ename: str, evalue: str) -> Output:
    """Make the output of an error that has no traceback."""
    return {"output_type": "error", "ename": ename, "evalue": evalue, "traceback": [f"{ename}: {evalue}"]}


def clean_text(text: Any) -> str:
    """Return a text with everything replaced that UTF-8 cannot encode."""
    if not isinstance(text, str):
        raise ProtocolError("an output's text is not a string")
    return text.encode("utf-8", "replace").decode()


def clean(output: Any, count: int) -> Output:
    """Return an output in the notebook's format, without anything else that was sent.

    Raises ProtocolError if it is not an output.
    """
    kind = output.get("output_type") if isinstance(output, dict) else None
    if kind == "stream":
        return stream(output.get("text"), "stderr" if output.get("name") == "stderr" else "stdout")
    if kind == "error":
        name, value = clean_text(output.get("ename")), clean_text(output.get("evalue"))
        lines = _bounded(list(output.get("traceback") or []))
        return {
            "output_type": "error",
            "ename": name[:MAX_ERROR_CHARACTERS],
            "evalue": value[:MAX_ERROR_CHARACTERS],
            "traceback": lines,
        }
    if kind in ("display_data", "execute_result"):
        shown = dict(output.get("data") or {}).items()
        data = {m: clean_text(v) for m, v in shown if m in MIMES and isinstance(v, str) and MIMES[m].fullmatch(v)}
        made: Output = {"output_type": kind, "data": data, "metadata": {}}
        return made | ({"execution_count": count} if kind == "execute_result" else {})
    raise ProtocolError("an output is of an unknown kind")


def _bounded(traceback: list[Any]) -> list[str]:
    """Return the last lines of a traceback, which say most, up to a number of characters."""
    kept: list[str] = []
    left = MAX_TRACEBACK_CHARACTERS
    for line in map(clean_text, reversed(traceback[-MAX_TRACEBACK_LINES:])):
        kept.append(line[: min(left, MAX_ERROR_CHARACTERS)])
        left -= len(kept[-1])
    return kept[::-1]


def size(output: Output) -> int:
    """Return roughly how many bytes an output takes in the notebook."""
    if output["output_type"] == "stream":
        return len(output["text"])
    if output["output_type"] == "error":
        return len(output["evalue"]) + sum(map(len, output["traceback"]))
    return sum(map(len, output["data"].values()))


def stored_bytes(shown: list[Output]) -> int:
    """Return how many bytes outputs take in a notebook's file, or a few more."""
    total = 0
    for output in shown:
        texts = [output.get("text", ""), *output.get("data", {}).values(), *output.get("traceback", [])]
        lines = sum(len(text.splitlines()) + 1 for text in texts)
        encoded = json.dumps(output, ensure_ascii=False).encode()
        total += len(encoded) + STORED_LINE_BYTES * lines + STORED_OUTPUT_BYTES
    return total


def shortened(shown: list[Output], note: str) -> list[Output]:
    """Return the first error among outputs in a few words, and a note in the place of all the others."""
    errors = [
        error(o["ename"][:80], o["evalue"][:SHORT_ERROR_CHARACTERS]) for o in shown if o["output_type"] == "error"
    ]
    return [stream(note), *errors[:1]]


def merge(outputs: list[Output]) -> list[Output]:
    """Join neighboring pieces of one stream."""
    merged: list[Output] = []
    for output in outputs:
        last = merged[-1] if merged else {}
        if output["output_type"] == "stream" == last.get("output_type") and output["name"] == last["name"]:
            last["text"] += output["text"]
        else:
            merged.append(dict(output))
    return merged
