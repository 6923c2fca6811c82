"""Tests of late penalties by a class's rule and extensions."""

import pytest
from nbgrader.preprocessors import AssignLatePenalties
from traitlets import TraitError
from traitlets.config import Config

from bngrader.course.folders import CourseError

HOUR, DAY = 3600, 86_400


def penalty(hours, score=10.0, student="ada", assignment="scaling", root="/nowhere", **rule):
    """Return the penalty by nbgrader's step, configured as in a configuration file."""
    config = Config(AssignLatePenalties={"plugin_class": "bngrader.gradebook.late_policy.LatePolicy"}, LatePolicy=rule)
    config.CourseDirectory.root = str(root)
    step = AssignLatePenalties(config=config)
    step.assignment_id = assignment
    step.init_plugin()
    return step.plugin_inst.late_submission_penalty(student, score, hours * HOUR)


@pytest.mark.parametrize(
    ("hours", "rule", "points"),
    [
        (30, {}, None),
        (1, {"points_a_day": 1.5}, 1.5),
        (24, {"points_a_day": 1.5}, 1.5),
        (25, {"points_a_day": 1.5}, 3),
        (36, {"points_a_day": 2, "whole_days": False}, 3),
        (25, {"share_a_day": 0.1}, 2),
        (25, {"share_a_day": 0.1, "points_a_day": 1}, 4),
        (2, {"share_a_day": 0.1, "grace_hours": 2}, None),
        (2.1, {"share_a_day": 0.1, "grace_hours": 2}, 1),
        (24.5, {"share_a_day": 0.1, "grace_hours": 2}, 2),
        (240, {"share_a_day": 0.1, "max_share": 0.4}, 4),
        (240, {"points_a_day": 1, "max_points": 2.5}, 2.5),
        (2400, {"share_a_day": 0.1}, 10),
        (73, {"share_a_day": 0.1, "max_share": 0.4, "zero_after_days": 3}, 10),
        (72, {"share_a_day": 0.1, "max_share": 0.4, "zero_after_days": 3}, 3),
    ],
)
def test_the_rule_sets_the_late_penalty(hours, rule, points):
    assert penalty(hours, **rule) == points


def test_no_score_loses_nothing():
    assert penalty(30, score=0.0, points_a_day=1) is None


def test_an_extension_applies_to_its_student_and_assignment():
    rule = {"points_a_day": 1, "extensions": {"ada": 2, "bob": {"scaling": 1}}}
    assert penalty(48, **rule) is None
    assert penalty(49, **rule) == 1
    assert penalty(48, student="bob", **rule) == 1
    assert penalty(48, student="bob", assignment="cnn", **rule) == 2
    assert penalty(48, student="eve", **rule) == 2


def test_the_longest_extension_of_all_sources_counts(tmp_path):
    text = 'student_id,days,assignment\n"a, b",2,\n"a, b",5,cnn\nada,0.5,scaling\nada,3,cnn\n'
    (tmp_path / "extensions.csv").write_text(text)
    rule = {"root": tmp_path, "points_a_day": 1, "extensions": {"ada": 1}}
    assert penalty(49, student="a, b", **rule) == 1
    assert penalty(49, student="a, b", assignment="cnn", **rule) is None
    assert penalty(25, student="ada", **rule) == 1
    assert penalty(72, student="ada", assignment="cnn", **rule) is None


@pytest.mark.parametrize("days", ["two", "-1", "nan", "inf", ""])
def test_an_invalid_number_of_days_is_named_with_its_line(tmp_path, days):
    (tmp_path / "extensions.csv").write_text(f"student_id,days\nbob,1\nada,{days}\n")
    with pytest.raises(CourseError, match=rf"extensions.csv, line 3: '{days}' is not a number of days"):
        penalty(30, root=tmp_path, points_a_day=1)


def test_a_configured_file_must_exist(tmp_path):
    with pytest.raises(CourseError, match=r"c\.LatePolicy\.extensions_file: .*/more\.csv does not exist"):
        penalty(30, root=tmp_path, points_a_day=1, extensions_file="more.csv")


def test_an_invalid_configuration_is_refused():
    with pytest.raises(TraitError):
        penalty(30, share_a_day=2)
    with pytest.raises(CourseError, match=r"c\.LatePolicy\.extensions, 'ada': 'two' is not a number of days"):
        penalty(30, extensions={"ada": "two"})
