"""Outputs are bounded, and their size in a notebook's file is known before it is written."""

import nbformat
from hypothesis import given
from hypothesis import strategies as st

from bngrader.engine.cells import outputs
from bngrader.engine.execute import _node

TEXTS = st.text(st.characters(codec="utf-8")) | st.sampled_from(
    ["\n" * 100, "\0\x1b" * 50, '"\\' * 50, "\u2028\r\x1c", "数学"]
)
SHOWN = st.lists(
    st.builds(outputs.stream, TEXTS)
    | st.builds(outputs.error, TEXTS, TEXTS)
    | st.builds(lambda text: outputs.clean({"output_type": "execute_result", "data": {"text/plain": text}}, 7), TEXTS)
    | st.just(outputs.clean({"output_type": "display_data", "data": {}}, 7)),
    max_size=5,
)


def file_bytes(shown):
    cell = nbformat.v4.new_code_cell("1", outputs=[_node(output) for output in shown])
    return len(nbformat.v4.writes(nbformat.v4.new_notebook(cells=[cell])).encode())


@given(SHOWN)
def test_the_size_of_outputs_in_a_file_is_not_underestimated(shown):
    assert file_bytes(shown) - file_bytes([]) <= outputs.stored_bytes(shown)


@given(SHOWN)
def test_shortened_outputs_keep_the_first_error_and_are_small(shown):
    short = outputs.shortened(shown, "[left out]\n")
    errors = [output for output in shown if output["output_type"] == "error"]
    assert [o["evalue"][:5] for o in short if o["output_type"] == "error"] == [e["evalue"][:5] for e in errors[:1]]
    assert outputs.stored_bytes(short) <= outputs.SHORT_BYTES


def test_a_shortened_error_of_control_characters_is_small():
    short = outputs.shortened([outputs.error("\0" * 10_000, "\0\n" * 10_000)], "[left out]\n")
    assert file_bytes(short) - file_bytes([]) <= outputs.SHORT_BYTES


def test_an_error_keeps_the_end_of_a_long_traceback():
    lines = [*("x" * 50_000 for _ in range(300)), "ValueError: the last line"]
    error = {"output_type": "error", "ename": "E" * 10**6, "evalue": "v" * 10**6, "traceback": lines}
    cleaned = outputs.clean(error, 1)
    assert cleaned["traceback"][-1] == "ValueError: the last line"
    assert sum(map(len, cleaned["traceback"])) <= outputs.MAX_TRACEBACK_CHARACTERS
    assert len(cleaned["ename"]) == len(cleaned["evalue"]) == outputs.MAX_ERROR_CHARACTERS
