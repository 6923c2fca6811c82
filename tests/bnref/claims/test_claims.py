"""Tests that the claims of all sections are complete, anchored in their chapters, and have findings."""

import re

import pytest

from bnref import claims as package
from bnref.claims import Kind, Verdict, all_claims, spread
from tests.conftest import REPOSITORY

CLAIMS = all_claims()
BOOK = REPOSITORY / "book"
KEYS = set(re.findall(r"^@\w+\{(\w+),", (BOOK / "references.bib").read_text(), re.MULTILINE))
CITATION = re.compile(r"\{cite:\w+\}`([^`]+)`")


def test_at_least_twenty_claims_are_in_book_order():
    assert len(CLAIMS) >= 20
    order = list(package.SECTIONS)
    places = [order.index(claim.chapter) for claim in CLAIMS]
    assert places == sorted(places)


def test_every_claims_module_is_a_section():
    modules = {path.stem for path in (REPOSITORY / "bnref/claims").glob("*.py")}
    assert modules - {"__init__", "claim", "effect", "rule"} <= set(package.SECTIONS)


def test_every_reference_is_cited():
    cited = {claim.source for claim in CLAIMS}
    cited |= {
        key for path in BOOK.glob("*.md") for role in CITATION.findall(path.read_text()) for key in role.split(",")
    }
    assert sorted(KEYS - {key.strip() for key in cited}) == []


def test_claim_names_are_unique():
    names = [claim.name for claim in CLAIMS]
    assert sorted(set(names)) == sorted(names)
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in names)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_claim_has_source_and_anchor_in_its_chapter(claim):
    assert claim.source in KEYS
    assert claim.where
    assert claim.says.endswith(".")
    text = (BOOK / f"{claim.chapter}.md").read_text()
    assert text.count(f"\n(claim-{claim.name})=\n") == 1


def test_every_claim_anchor_has_a_claim():
    anchors = [name for path in BOOK.glob("*.md") for name in re.findall(r"^\(claim-(.+)\)=$", path.read_text(), re.M)]
    assert set(anchors) <= {claim.name for claim in CLAIMS}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_finding_has_numbers_and_is_repeatable(claim):
    finding = claim.find()
    assert isinstance(finding.verdict, Verdict)
    assert re.search(r"\d", finding.measured)
    assert "nan" not in finding.measured.lower()
    assert claim.find() == finding


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_finding_carries_the_evidence_of_its_kind(claim):
    finding = claim.find()
    if claim.kind is Kind.TESTED:
        assert finding.effects
        assert claim.limits.endswith(".")
    elif claim.kind is Kind.NOT_TESTABLE:
        assert finding.verdict is Verdict.NO_TEST
        assert claim.limits.endswith(".")


def test_spread_gives_mean_lowest_and_highest():
    assert spread([1, 2, 6]) == "3.000 (1.000 to 6.000)"
    assert spread([0.5], 1) == "0.5 (0.5 to 0.5)"
