"""Tests that an outcome comes through JSON unchanged, and that nothing else is taken for one."""

import json

import pytest

from bngrader.engine.errors import SandboxMissing
from bngrader.feedback.hide_tests import Shown
from bngrader.gradebook.records import GradingOutcome
from bngrader.grading.outcome_text import from_text, to_text

SHOWN = Shown({"test_f": 1.5}, {"f": None, "written": "No response."}, 0.25, ("written",))
OUTCOME = GradingOutcome(
    "ada",
    scores={"test_f": 1.5, "written": None},
    comments={"f": None, "written": "No response."},
    hints={"test_f": ["Failed: 数学."]},
    graded=b'{"cells": []}',
    feedback="<html>é</html>",
    shown=SHOWN,
    log=["test_f was put back"],
)


@pytest.mark.parametrize(
    "outcome", [OUTCOME, GradingOutcome("ada", error="is empty."), GradingOutcome("ada", feedback="<p>")]
)
def test_an_outcome_comes_through_unchanged(outcome):
    assert from_text(to_text(outcome), "ada") == outcome
    assert from_text(to_text(outcome), "bob").student == "bob"


def test_a_missing_sandbox_comes_through():
    with pytest.raises(SandboxMissing, match="no namespaces"):
        from_text(to_text(SandboxMissing("no namespaces")), "ada")


def changed(**fields):
    return json.dumps(json.loads(to_text(OUTCOME)) | fields)


FORGED = {
    "not-a-text": OUTCOME,
    "not-json": "{",
    "no-fields": "{}",
    "another-field": changed(student="bob"),
    "a-list": "[]",
    "infinite-points": changed(scores={"test_f": float("inf")}),
    "points-as-text": changed(scores={"test_f": "1"}),
    "points-as-bool": changed(scores={"test_f": True}),
    "half-a-character": changed(feedback="\ud800"),
    "a-number-as-page": changed(feedback=1),
    "hints-as-text": changed(hints={"test_f": "Failed"}),
    "too-few-shown": changed(shown=[{}, {}]),
    "waiting-for-numbers": changed(shown=[{}, {}, 0, [1]]),
    "no-penalty": changed(shown=[{}, {}, None, []]),
    "too-deep": "[" * 100_000,
}


@pytest.mark.parametrize("forged", FORGED)
def test_anything_else_is_refused(forged):
    with pytest.raises((ValueError, RecursionError)):
        from_text(FORGED[forged], "ada")


def test_texts_that_are_printed_are_one_readable_line():
    outcome = from_text(changed(log=["\x1b[2Jada: 20 / 20\nbob"], error="\x07" + "x" * 5000), "ada")
    assert outcome.log == ["\\x1b[2Jada: 20 / 20\\nbob"]
    assert outcome.error.startswith("\\x07xxx")
    assert len(outcome.error) < 1100
