"""Tests of scores: nbgrader's rules without its bugs."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.utils import compute_checksum

from bngrader.course.folders import put_tools_on_path
from bngrader.feedback.failures import hints
from bngrader.grading.scoring import auto_comment, score
from bngrader.nbgrader_plugins import SaveScores

NOISE = [
    new_output("stream", name="stderr", text="UserWarning: careful"),
    new_output("stream", name="stdout", text="3"),
    new_output("display_data", data={"text/plain": "0"}),
]
ERROR = new_output("error", ename="CheckFailed", evalue="Failed: z.\n  x = 1", traceback=["Failed: z.", "  x = 1"])


def checked(*outputs, count=1):
    metadata = {"nbgrader": {"grade": True, "solution": False, "locked": True, "points": 3, "grade_id": "test_z"}}
    return new_code_cell("check()", metadata=metadata, outputs=list(outputs), execution_count=count)


def written(text, handed_out="YOUR ANSWER HERE"):
    metadata = {"nbgrader": {"grade": True, "solution": True, "locked": False, "points": 5, "grade_id": "words"}}
    cell = new_markdown_cell(handed_out, metadata=metadata)
    cell.metadata.nbgrader.checksum = compute_checksum(cell)
    cell.source = text
    return cell


def shows(text):
    return new_output("execute_result", data={"text/plain": text}, execution_count=1)


def test_a_passed_test_scores_all_points_whatever_it_printed():
    assert score(checked()) == 3
    assert score(checked(*NOISE)) == 3


def test_an_error_scores_0_even_after_credit():
    assert score(checked(ERROR)) == 0
    assert score(checked(shows("3"), *NOISE, ERROR)) == 0


def test_a_test_that_never_ran_scores_0():
    assert score(checked(count=None)) == 0


@pytest.mark.parametrize(
    ("text", "points"),
    [("1.5", 1.5), ("0", 0), ("3", 3), ("np.float64(1.5)", 1.5), ("np.float32(0.0)", 0), ("'ok'", 3), ("None", 3)]
    + [(text, 0) for text in ("nan", "inf", "-1", "3.01", "1e9", "np.float64(nan)")],
)
def test_a_shown_number_is_partial_credit_if_it_is_valid(text, points):
    assert score(checked(shows(text))) == points


def test_a_result_without_text_is_not_a_number():
    assert score(checked(new_output("execute_result", data={"text/html": "2"}, execution_count=1))) == 3


@pytest.mark.parametrize("text", ["YOUR ANSWER HERE", "\nYOUR ANSWER HERE \n", "", "  \n"])
def test_a_missing_answer_in_words_scores_0_automatically(text):
    assert score(written(text)) == 0
    assert auto_comment(written(text)) == "No response."


def test_an_answer_in_words_waits_for_a_person():
    assert score(written("Because.")) is None
    assert auto_comment(written("Because.")) is None
    drawn = written("")
    drawn.attachments = {"drawing.png": {"image/png": "aGk="}}
    assert score(drawn) is None


def test_hints_are_the_first_lines_of_failures():
    other = new_output("error", ename="NameError", evalue="\x1b[31mname 'z'\x1b[0m\nmore", traceback=[])
    assert hints(checked(ERROR, *NOISE, other)) == ["Failed: z.", "NameError: name 'z'"]
    assert hints(checked(new_output("error", ename="MemoryError", evalue="", traceback=[]))) == ["MemoryError"]
    assert hints(checked(*NOISE)) == []


def test_scores_are_saved_all_or_none(tmp_path):
    put_tools_on_path()
    address = f"sqlite:///{tmp_path / 'gradebook.db'}"
    with Gradebook(address) as book:
        book.add_assignment("a")
        book.add_notebook("a", "a")
        for name in ("test_z", "test_last"):
            book.add_grade_cell(name, "a", "a", max_score=3, cell_type="code")
        book.add_student("ada")
        book.add_submission("a", "ada")
    place = {"nbgrader": {"notebook": "a", "assignment": "a", "student": "ada", "db_url": address}}
    unknown, last = checked(), checked()
    unknown.metadata.nbgrader.grade_id, last.metadata.nbgrader.grade_id = "test_of_another", "test_last"
    with pytest.raises(MissingEntry):
        SaveScores().preprocess(new_notebook(cells=[checked(), unknown]), place)
    assert saved(address) == {"test_z": None, "test_last": None}
    SaveScores().preprocess(new_notebook(cells=[checked(), last, new_markdown_cell("The end.")]), place)
    assert saved(address) == {"test_z": 3, "test_last": 3}


def saved(address):
    with Gradebook(address) as book:
        return {grade.name: grade.auto_score for grade in book.find_submission_notebook("a", "a", "ada").grades}
