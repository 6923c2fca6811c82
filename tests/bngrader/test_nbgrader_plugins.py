"""Tests that the rubric is shown to graders in formgrader, and to nobody else."""

import pytest

from bngrader.nbgrader_plugins import ShowRubric
from tests.grading import sample_class


@pytest.fixture
def notebook():
    return sample_class.filled_in(written_new_patient="My answer.")


def test_formgrader_shows_the_rubric_above_the_answer(notebook):
    before = len(notebook.cells)
    shown, _ = ShowRubric().preprocess(notebook, {"submission_id": "1", "assignment_id": "scaling"})
    assert len(shown.cells) == before + 1
    assert shown.cells[-1].source == "My answer."
    for part in ("**Rubric.**", "worth 5 points", "worth 3 points", "worth 1 point"):
        assert part in shown.cells[-2].source


@pytest.mark.parametrize("resources", [{"assignment_id": "scaling"}, {"submission_id": "1", "assignment_id": "gone"}])
def test_other_notebooks_stay_as_they_are(notebook, resources):
    before = [cell.source for cell in notebook.cells]
    shown, _ = ShowRubric().preprocess(notebook, resources)
    assert [cell.source for cell in shown.cells] == before
