"""Tests of the lines about failures, which the gradebook keeps and feedback and reports show."""

from nbformat.v4 import new_code_cell, new_output

from bngrader.feedback.failures import hints


def failed(name, text):
    return new_code_cell("test()", outputs=[new_output("error", ename=name, evalue=text, traceback=[])])


def test_an_errors_own_text_is_made_readable():
    assert hints(failed("Odd\x1b[2J\n", "e\x9b31m\u202e\udcff\nmore")) == [r"Odd\x1b[2J\n: e\x9b31m\u202e\xff"]
    assert hints(failed("Odd\x07", "")) == [r"Odd\x07"]


def test_a_failed_check_keeps_its_lines():
    text = "Failed: the mean is right.\nThe input was x."
    assert hints(failed("CheckFailed", text))[0] == "Failed: the mean is right."
