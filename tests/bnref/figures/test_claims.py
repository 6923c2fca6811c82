"""Tests of the three tables of claims, the counts above them, and the forest plot."""

import matplotlib.pyplot as plt
import pytest

from bnref.claims import Claim, Effect, Finding, Kind, Unit, Verdict
from bnref.figures import claims as figures


def claim(name, kind, finding, chapter="norm_types", published="", limits="Small digits."):
    says = f"It is {name} | so."
    return Claim(name, says, "wuhe2018", "table 2", published, chapter, int, lambda _: finding, kind, limits)


UP = Effect("accuracy, BN minus none", "rate 0.1", Unit.POINTS, (4.0, 5.0, 6.0, 5.0, 5.0))
DOWN = Effect("accuracy, BN minus none", "rate 1", Unit.POINTS, (-4.0, -5.0, -6.0, -5.0, -5.0))
HUGE = Effect("gradient, first over last layer", "", Unit.FACTOR, (19.0, 20.0, 21.0, 20.0, 20.0))
CLAIMS = [
    claim("shown-bn", Kind.TESTED, Finding("up 5", Verdict.SHOWN, (UP, HUGE)), "introduction", "72.2%"),
    claim("algebra", Kind.IDENTITY, Finding("at most 5e-16", Verdict.SHOWN)),
    claim("contradicted", Kind.TESTED, Finding("down 5", Verdict.CONTRADICTED, (DOWN,))),
    claim("too-large", Kind.NOT_TESTABLE, Finding("0", Verdict.NO_TEST), limits="It needs ImageNet."),
    claim("wrong", Kind.IDENTITY, Finding("at most 5", Verdict.CONTRADICTED)),
]
FINDINGS = [c.find() for c in CLAIMS]


def rows(kind):
    return figures.part(CLAIMS, FINDINGS, kind)


def cells(markdown):
    lines = [line for line in markdown.data.splitlines() if line.startswith("| <span")]
    return [line.strip("| ").replace("\\|", "/").split(" | ") for line in lines]


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    plt.close(fig)


def test_parts_hold_one_kind_each_with_contradictions_first():
    assert [row.claim.name for row in rows(Kind.TESTED)] == ["contradicted", "shown-bn"]
    assert [row.claim.name for row in rows(Kind.NOT_TESTABLE)] == ["too-large"]
    assert len(rows(Kind.IDENTITY)) == 2


def test_counts_are_separate_for_each_part():
    assert figures.count_tested(rows(Kind.TESTED)).data == (
        "**Claims tested: 2.** By verdict: ✗ contradicted here: 1; ± depends on the setting: 0; · not shown here: 0; "
        "? no test: 0; ✓ shown here: 1."
    )
    assert figures.count_identities(rows(Kind.IDENTITY)).data == (
        "**Identities checked: 2.** Identities that fail the check: 1."
    )
    assert figures.count_not_testable(rows(Kind.NOT_TESTABLE)).data.startswith("**Claims that this book cannot test: 1")


def test_tested_row_lists_every_setting_and_the_limits():
    assert cells(figures.tested_table(rows(Kind.TESTED))) == [
        [
            '<span id="row-contradicted"></span>It is contradicted / so. {cite:t}`wuhe2018`, table 2.',
            "down 5<br/>*Accuracy, BN minus none*:<br/>rate 1: -5.0 points (-5.9 to -4.1)",
            "✗ contradicted here",
            "Small digits.",
            "{ref}`Normalization types <claim-contradicted>`",
        ],
        [
            '<span id="row-shown-bn"></span>It is shown-bn / so. {cite:t}`wuhe2018`, table 2. Published: 72.2%.',
            "up 5<br/>*Accuracy, BN minus none*:<br/>rate 0.1: +5.0 points (+4.1 to +5.9)<br/>"
            "*Gradient, first over last layer*:<br/>a factor of 1e+20 (1.32e+19 to 7.55e+20)",
            "✓ shown here",
            "Small digits.",
            "{ref}`Introduction <claim-shown-bn>`",
        ],
    ]


def test_identities_and_untestable_claims_have_compact_rows():
    found = cells(figures.identity_table(rows(Kind.IDENTITY)))
    assert [row[1:3] for row in found] == [["at most 5", "✗ does not hold"], ["at most 5e-16", "✓ holds"]]
    assert [row[1] for row in cells(figures.not_testable_table(rows(Kind.NOT_TESTABLE)))] == ["It needs ImageNet."]


def test_a_part_without_claims_has_no_table():
    assert figures.identity_table([]).data == ""


def test_forest_groups_the_claims_by_verdict(ax):
    figures.draw_forest(ax, rows(Kind.TESTED), Unit.POINTS)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["✗ contradicted here", "Contradicted", "✓ shown here", "Shown BN"]
    means = [line.get_xdata()[0] for line in ax.lines if len(line.get_xdata()) == 1]
    assert means == pytest.approx([-5, 5])
    intervals = [
        tuple(line.get_xdata()) for line in ax.lines if line.get_linestyle() == "-" and len(line.get_xdata()) == 2
    ]
    assert intervals == [pytest.approx(DOWN.interval), pytest.approx(UP.interval)]


def test_forest_shows_factors_beyond_its_axis_as_arrows(ax):
    figures.draw_forest(ax, rows(Kind.TESTED), Unit.FACTOR)
    (dot,) = [line for line in ax.lines if len(line.get_xdata()) == 1]
    assert dot.get_marker() == ">"
    assert dot.get_xdata()[0] == figures.FACTOR_LIMITS[1]
    assert ax.get_xscale() == "log"


def test_forest_may_be_empty(ax):
    figures.draw_forest(ax, [], Unit.POINTS)
    assert list(ax.get_yticks()) == []
