"""The claims of all sections: complete, anchored in their chapters, and each with a finding of its own."""

import re

import pytest

from bnref import claims as package
from bnref.claims import Verdict, all_claims, spread
from tests.conftest import REPOSITORY

CLAIMS = all_claims()
BOOK = REPOSITORY / "book"
KEYS = set(re.findall(r"^@\w+\{(\w+),", (BOOK / "references.bib").read_text(), re.MULTILINE))


def test_there_are_at_least_twenty_claims_in_the_order_of_the_book():
    assert len(CLAIMS) >= 20
    order = [section.replace("introduction", "index") for section in package.SECTIONS]
    places = [order.index(claim.chapter) for claim in CLAIMS]
    assert places == sorted(places)


def test_every_module_of_claims_is_a_section():
    modules = {path.stem for path in (REPOSITORY / "bnref/claims").glob("*.py")}
    assert modules - {"__init__", "claim"} <= set(package.SECTIONS)


def test_each_name_is_used_once():
    names = [claim.name for claim in CLAIMS]
    assert sorted(set(names)) == sorted(names)
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in names)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_a_claim_names_its_source_and_its_place_and_the_chapter_has_its_anchor(claim):
    assert claim.source in KEYS
    assert claim.where
    assert claim.says.endswith(".")
    text = (BOOK / f"{claim.chapter}.md").read_text()
    assert text.count(f"\n(claim-{claim.name})=\n") == 1


def test_no_anchor_is_left_of_a_claim_that_is_gone():
    anchors = [name for path in BOOK.glob("*.md") for name in re.findall(r"^\(claim-(.+)\)=$", path.read_text(), re.M)]
    assert set(anchors) <= {claim.name for claim in CLAIMS}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_a_finding_has_numbers_and_is_the_same_again(claim):
    finding = claim.find()
    assert isinstance(finding.verdict, Verdict)
    assert re.search(r"\d", finding.measured)
    assert "nan" not in finding.measured.lower()
    assert claim.find() == finding


def test_a_spread_is_mean_lowest_and_highest():
    assert spread([1, 2, 6]) == "3.000 (1.000 to 6.000)"
    assert spread([0.5], 1) == "0.5 (0.5 to 0.5)"
