"""Tests that mistakes are counted by name, and other failures by the claim that failed."""

from bngrader.check.mistakes import known
from bngrader.report.collect import AssignmentData, GradedItem, Work
from bngrader.report.frequent import frequent

ITEMS = [GradedItem("test_standardize", "standardize", 3)]


def found(hints):
    works = {student: Work({}, {"test_standardize": lines}) for student, lines in hints.items()}
    return frequent(AssignmentData("scaling", ITEMS, works, set()))


def test_a_claim_is_one_entry_under_its_old_and_new_prefix():
    (one,) = found({"ada": ["Not so: the mean is 0."], "bob": ["Failed: the mean is 0."]})
    assert (one.mistake, one.known, one.students) == ("the mean is 0.", False, 2)


def test_a_known_mistake_is_named_however_its_hint_is_wrapped():
    mistake = known("standardize").mistakes[0]
    (one,) = found({"ada": ["Failed: the mean is 0.", mistake.hint.replace(" ", "\n")]})
    assert (one.mistake, one.known, one.students) == (mistake.name, True, 1)
