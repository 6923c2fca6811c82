"""Tests that the report of any class can be drawn, and shows names as text."""

import pytest

from bngrader.gradebook.history import Version
from bngrader.report.collect import AssignmentData, ClassData, GradedItem, Work
from bngrader.report.write import write_report

ITEMS = [GradedItem("test_f", "f", 2), GradedItem("written_x", "written_x", 5)]
NAME = "<script>alert(1)</script>"


def classes():
    nobody_erred = AssignmentData("a", ITEMS, {"ada": Work({"test_f": 2.0, "written_x": None})}, set())
    nobody_came = AssignmentData("b", ITEMS, {}, {"ada"})
    hostile = AssignmentData("c", ITEMS, {NAME: Work({"test_f": 0.0}, {"test_f": [f"Failed: {NAME} $x$"]})}, set())
    versions = [Version("c", NAME, 0.0, "2026-01-01 10:00 UTC"), Version("c", NAME, 2.0, "2026-01-02 10:00 UTC")]
    return {
        "nobody erred": ClassData(["ada"], [nobody_erred], []),
        "nobody came": ClassData(["ada"], [nobody_erred, nobody_came], []),
        "hostile": ClassData([NAME], [hostile], versions),
    }


@pytest.mark.parametrize("kind", classes())
def test_every_kind_of_class_gets_a_complete_report(kind, tmp_path):
    page = write_report(classes()[kind], tmp_path / "report")
    text = page.read_text()
    assert text.rstrip().endswith("</html>")
    assert text.count('<img src="data:image/svg+xml;base64,') == 4
    assert len(list(page.parent.glob("*.csv"))) == 7
    assert "<script" not in text
    assert ("&lt;script&gt;alert(1)" in text) == (kind == "hostile")
