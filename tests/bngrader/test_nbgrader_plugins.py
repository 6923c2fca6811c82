"""Tests that only graders see the rubric in formgrader, and that nbgrader's commands use the class's seed."""

from types import SimpleNamespace

import pytest
from nbformat.v4 import new_notebook
from traitlets.config import Configurable

from bngrader import nbgrader_plugins
from bngrader.course.hidden_seed import class_seed, submission_seed
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


def test_nbgrader_draws_the_same_hidden_inputs(tmp_path, monkeypatch):
    engines = []
    monkeypatch.setattr(nbgrader_plugins, "execute", lambda notebook, engine: engines.append(engine))
    app = Configurable()
    app.coursedir = SimpleNamespace(root=str(tmp_path))
    step = nbgrader_plugins.ExecuteSandboxed(parent=Configurable(parent=app))
    step.preprocess(new_notebook(), {"nbgrader": {"student": "ada", "assignment": "scaling"}})
    assert engines[0].hidden_seed == submission_seed(class_seed(tmp_path, None), "scaling", "ada")
    assert str(tmp_path) in engines[0].private
