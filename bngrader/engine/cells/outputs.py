"""The outputs of notebook cells: made by the engine, or cleaned if they come from the student's process."""

import re
from typing import Any

from bngrader.engine.cells.shell import Output
from bngrader.engine.errors import ProtocolError

BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
# The types that a page can show without running code of the submission: no HTML, and nothing that becomes HTML.
MIMES = {"text/plain": re.compile(r".*", re.DOTALL), "image/png": BASE64, "image/jpeg": BASE64}
MAX_TRACEBACK_LINES = 200


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
        lines = [clean_text(line) for line in list(output.get("traceback") or [])[:MAX_TRACEBACK_LINES]]
        name, value = clean_text(output.get("ename")), clean_text(output.get("evalue"))
        return {"output_type": "error", "ename": name, "evalue": value, "traceback": lines}
    if kind in ("display_data", "execute_result"):
        shown = dict(output.get("data") or {}).items()
        data = {m: clean_text(v) for m, v in shown if m in MIMES and isinstance(v, str) and MIMES[m].fullmatch(v)}
        made: Output = {"output_type": kind, "data": data, "metadata": {}}
        return made | ({"execution_count": count} if kind == "execute_result" else {})
    raise ProtocolError("an output is of an unknown kind")


def size(output: Output) -> int:
    """Return roughly how many bytes an output takes in the notebook."""
    if output["output_type"] == "stream":
        return len(output["text"])
    if output["output_type"] == "error":
        return len(output["evalue"]) + sum(map(len, output["traceback"]))
    return sum(map(len, output["data"].values()))


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
