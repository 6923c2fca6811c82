"""Tests of the former names of modules, which classes' configurations and handed-out notebooks may use."""

import importlib

import pytest
from traitlets.utils.importstring import import_item

OLD = [
    "bngrader.beside.HarmlessNames",
    "bngrader.course.put_tools_on_path",
    "bngrader.database.begin_as_writer",
    "bngrader.engine.preprocessor.ExecuteSandboxed",
    "bngrader.feedback.HideTests",
    "bngrader.inpage.check",
    "bngrader.late.LatePolicy",
    "bngrader.markup.safe_markdown",
    "bngrader.networks.watched_network",
    "bngrader.revision.ReviseCells",
    "bngrader.rubric.ShowRubric",
    "bngrader.sanitize.Repair",
    "bngrader.scoring.SaveScores",
    "bngrader.source_folder.source_folder",
    "bngrader.sources.write_sources",
]


@pytest.mark.parametrize("name", OLD)
def test_an_old_name_can_still_be_imported(name):
    assert import_item(name).__name__ == name.rpartition(".")[2]


def test_old_and_new_name_are_the_same_module():
    old, new = importlib.import_module("bngrader.late"), importlib.import_module("bngrader.gradebook.late_policy")
    assert old is new
    assert new.__spec__.name == "bngrader.gradebook.late_policy"


def test_an_unknown_name_is_still_an_error():
    with pytest.raises(ModuleNotFoundError, match=r"bngrader\.nothing"):
        importlib.import_module("bngrader.nothing")
