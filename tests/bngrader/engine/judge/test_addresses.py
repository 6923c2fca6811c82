"""Nothing that an answer's process receives tells where the judge's objects are."""

import base64
import re
import zlib

import msgpack
import numpy as np
import pytest

from bngrader.authoring.notebooks import gradable, read_solution
from bngrader.engine.execute import execute
from bngrader.engine.settings import Engine
from tests.bngrader.engine.running import code_cell, printed
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.real

# The answer's process keeps each message of the judge, and shows them all at the end.
LISTEN = """
import gc
_side = next(thing for thing in gc.get_objects() if type(thing).__name__ == "Side")
_receive, _heard = _side.channel.receive, []
def _listen(*arguments):
    tree, buffers = _receive(*arguments)
    _heard.append((tree, [bytes(buffer) for buffer in buffers]))
    return tree, buffers
_side.channel.receive = _listen
"""
SHOW = """
import base64, zlib
_packed = _receive.__func__.__globals__
print(base64.b64encode(zlib.compress(_packed["msgpack"].packb(_heard))).decode())
"""
MAPS = "print(open('/proc/self/maps').read())"


def heard(assignment):
    """Grade an assignment's solution; return what the answer's process heard, and the judge's stretches of memory."""
    solution = read_solution(REPOSITORY / "solutions" / f"{assignment}.py")
    answers, notebook = {cell.id: cell.source for cell in solution.cells}, gradable(solution)
    for cell in notebook.cells:
        cell.source = answers[cell.id] if cell.metadata.nbgrader.solution else cell.source
    first = next(i for i, cell in enumerate(notebook.cells) if cell.metadata.nbgrader.solution)
    notebook.cells.insert(first, code_cell("listen", "answer", LISTEN))
    notebook.cells += [code_cell("show", "answer", SHOW), code_cell("maps", "test", MAPS)]
    execute(notebook, Engine(output_bytes=15_000_000, notebook_output_bytes=50_000_000))
    errors = [o for cell in notebook.cells for o in cell.get("outputs", []) if o.output_type == "error"]
    assert errors == []
    shown = printed(notebook.cells[-2])
    stretches = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) ", printed(notebook.cells[-1]), re.MULTILINE)
    return msgpack.unpackb(zlib.decompress(base64.b64decode(shown))), [(int(a, 16), int(b, 16)) for a, b in stretches]


def numbers(tree):
    """Yield all integers in a message's tree, and those that its texts and bytes spell."""
    if isinstance(tree, dict):
        tree = [*tree, *tree.values()]
    if isinstance(tree, list):
        for part in tree:
            yield from numbers(part)
    elif isinstance(tree, int):
        yield tree
    elif isinstance(tree, str):
        yield from (int(digits, 16) for digits in re.findall(r"\b0x([0-9a-f]{6,})\b", tree))
        yield from map(int, re.findall(r"\b[0-9]{9,}\b", tree))
    elif isinstance(tree, bytes):
        yield from np.frombuffer(tree[: len(tree) // 8 * 8], np.uint64).tolist()


@pytest.mark.parametrize("assignment", ["batches", pytest.param("internal_covariate_shift", marks=pytest.mark.slow)])
def test_no_message_has_an_address_of_the_judge(assignment):
    messages, stretches = heard(assignment)
    assert len(messages) > 50
    assert len(stretches) > 100
    found = [n for message in messages for n in numbers(message) if any(low <= n < high for low, high in stretches)]
    assert found == []


def test_the_numbers_of_a_message_are_found():
    message = [{"a": [1 << 40, "<f at 0x7f0012345678>"], "12345678901": b"\1" + bytes(7)}]
    assert sorted(numbers(message)) == [1, 12345678901, 1 << 40, 0x7F0012345678]
