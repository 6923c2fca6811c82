"""Tests that text near an empty answer is left to a person, and that nothing a student wrote is lost."""

import re
import warnings

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.utils import compute_checksum

from bngrader.grading.scoring import auto_comment, score
from bngrader.submissions.written_answers import added_text, is_prose
from tests.bngrader.submissions.test_repair import (
    CELLS,
    by_id,
    delete_tests,
    handed_in,
    index,
    own_cells,
    repair_notebook,
)
from tests.grading import sample_class

ELSEWHERE = "Keep the training mean: new data, one patient even, must be scaled as the model was trained."


def insert(notebook, before, cell):
    notebook.cells.insert(index(notebook, before) if before else len(notebook.cells), cell)


def append_to(notebook, name, text=f"\n\n{ELSEWHERE}"):
    notebook.cells[index(notebook, name)].source += text


# Each of these functions puts an answer into a wrong place, as real students have done.


def below_an_emptied_cell(notebook):
    notebook.cells[index(notebook, "written_new_patient")].source = " \n"
    insert(notebook, None, nbformat.v4.new_markdown_cell(ELSEWHERE))


def in_place_of_a_deleted_cell(notebook):
    del notebook.cells[index(notebook, "written_new_patient")]
    insert(notebook, None, nbformat.v4.new_raw_cell(ELSEWHERE))


def among_answers_only(notebook):
    delete_tests(notebook)
    insert(notebook, "written_new_patient", nbformat.v4.new_code_cell(f"# {ELSEWHERE}"))


def between_the_lines_of_the_question(notebook):
    cell = notebook.cells[index(notebook, "about_written_new_patient")]
    lines = cell.source.splitlines()
    cell.source = "\n".join([*lines[:2], ELSEWHERE, *lines[2:]])


def in_place_of_the_question(notebook):
    notebook.cells[index(notebook, "about_written_new_patient")].source = ELSEWHERE


NEARBY = {
    "below": lambda nb: insert(nb, None, nbformat.v4.new_markdown_cell(ELSEWHERE)),
    "above": lambda nb: insert(nb, "written_new_patient", nbformat.v4.new_markdown_cell(ELSEWHERE)),
    "above the question": lambda nb: insert(nb, "about_written_new_patient", nbformat.v4.new_markdown_cell(ELSEWHERE)),
    "code": lambda nb: insert(nb, None, nbformat.v4.new_code_cell(ELSEWHERE)),
    "comment": lambda nb: insert(nb, None, nbformat.v4.new_code_cell(f"# {ELSEWHERE}\nx = 1")),
    "string": lambda nb: insert(nb, None, nbformat.v4.new_code_cell(f"%matplotlib inline\nprint({ELSEWHERE!r})")),
    "Chinese": lambda nb: insert(nb, None, nbformat.v4.new_code_cell("# 用训练数据的均值和标准差")),
    "raw": lambda nb: insert(nb, None, nbformat.v4.new_raw_cell(ELSEWHERE)),
    "an emptied cell": below_an_emptied_cell,
    "a deleted cell": in_place_of_a_deleted_cell,
    "only answers": among_answers_only,
    "question": lambda nb: append_to(nb, "about_written_new_patient"),
    "question, same line": lambda nb: append_to(nb, "about_written_new_patient", f" {ELSEWHERE}"),
    "question, between": between_the_lines_of_the_question,
    "question, over": in_place_of_the_question,
    "text before": lambda nb: append_to(nb, "about_descent"),
    "code before": lambda nb: append_to(nb, "descent", f"\n# {ELSEWHERE}"),
}


def unanswered():
    return sample_class.filled_in(written_new_patient="YOUR ANSWER HERE")


@pytest.mark.parametrize("place", NEARBY)
def test_text_near_an_empty_answer_is_kept_for_a_person(place):
    notebook = unanswered()
    NEARBY[place](notebook)
    result, notes = repair_notebook(notebook)
    written = by_id(result)["written_new_patient"]
    assert score(written) is None
    assert auto_comment(written) == "This cell is empty. Your instructor reads the text near it instead."
    assert "empty, but there is text near it for you to read: written_new_patient" in notes
    assert [cell.cell_type for cell in result.cells[:-1]].count("raw") == 0
    for name, cell in by_id(result).items():
        assert name == "written_new_patient" or (cell.metadata, cell.source != "") == (
            CELLS[name].metadata,
            True,
        )
        assert cell.metadata.nbgrader == CELLS[name].metadata.nbgrader
        assert cell.metadata.nbgrader.solution or cell.source == CELLS[name].source
    (kept,) = own_cells(result)
    assert kept.removeprefix("# ").startswith(("用", "%matplotlib") if place in ("Chinese", "string") else ELSEWHERE)


@pytest.mark.parametrize(
    "cell",
    [
        nbformat.v4.new_code_cell("%matplotlib inline\nplt.plot(x, label='my data')  # plt.show()\nnp.mean?"),
        nbformat.v4.new_markdown_cell(" \n"),
        nbformat.v4.new_markdown_cell("YOUR ANSWER HERE"),
        nbformat.v4.new_raw_cell("---"),
    ],
)
def test_an_empty_answer_without_text_near_it_scores_0(cell):
    notebook = unanswered()
    insert(notebook, None, cell)
    insert(notebook, "standardize", nbformat.v4.new_markdown_cell(ELSEWHERE))
    written = by_id(repair_notebook(notebook)[0])["written_new_patient"]
    assert score(written) == 0
    assert auto_comment(written) == "No response."


def test_an_older_text_of_the_question_is_not_an_answer():
    notebook = unanswered()
    question = notebook.cells[index(notebook, "about_written_new_patient")]
    question.source = "What was asked last year, in other words."
    question.metadata.nbgrader.checksum = compute_checksum(question)
    result, _ = repair_notebook(notebook)
    assert own_cells(result) == []
    assert score(by_id(result)["written_new_patient"]) == 0


def test_a_note_in_a_locked_text_is_kept_below_it():
    notebook = handed_in()
    append_to(notebook, "about_standardize")
    result, notes = repair_notebook(notebook)
    sources = [cell.source for cell in result.cells]
    assert sources.index(ELSEWHERE) == sources.index(CELLS["about_standardize"].source) + 1
    assert notes == ["changed, so the original was put back: about_standardize"]


def test_a_picture_pasted_into_the_question_is_kept():
    notebook = unanswered()
    append_to(notebook, "about_written_new_patient", "\n![plot](attachment:plot.png)")
    picture = {"plot.png": {"image/png": "aGk="}}
    notebook.cells[index(notebook, "about_written_new_patient")].attachments = picture
    result, _ = repair_notebook(notebook)
    (kept,) = [cell for cell in result.cells if "nbgrader" not in cell.metadata]
    assert (kept.source, kept.attachments) == ("![plot](attachment:plot.png)", picture)
    assert score(by_id(result)["written_new_patient"]) is None


def test_a_student_cannot_mark_an_answer_by_its_metadata():
    notebook = unanswered()
    notebook.cells[index(notebook, "written_new_patient")].metadata["bngrader"] = {"answered": "nearby"}
    assert score(by_id(repair_notebook(notebook)[0])["written_new_patient"]) == 0


@given(st.text(max_size=60), st.integers(0, 3))
def test_text_added_by_a_student_is_found(text, place):
    lines = ["## A question", "Why is it so?", "Say in two sentences why."]
    changed = "\n\n".join([*lines[:place], text, *lines[place:]])
    added = added_text(changed, "\n\n".join(lines))
    assert re.findall(r"\w+", text) == re.findall(r"\w+", added)


@given(
    st.text(max_size=40)
    | st.lists(st.sampled_from(["(", "'", '"""', "\\m", "# a b", "\n", "\\", "\0", "1 (a)", "?"])).map("".join)
)
def test_no_text_makes_the_search_for_prose_warn(text):
    with warnings.catch_warnings(action="error"):
        assert is_prose(nbformat.v4.new_code_cell(text)) in (True, False)


@pytest.mark.parametrize("text", ["(" * 200_000, "\n" * 1_000_000, "x = 1\n" * 200_000, "-" * 9_999 + "1"])
def test_a_monstrous_cell_is_kept_or_left(text):
    is_prose(nbformat.v4.new_code_cell(text))
    assert added_text(f"A question.\n{text}", "A question.") in ("", text.strip(), f"A question.\n{text}".strip())
