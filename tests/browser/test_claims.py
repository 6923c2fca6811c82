"""Tests of the page of claims: three parts, links to paper and experiment, and cards on a phone."""

import json
import re

import pytest

from bnref.claims import Kind, Verdict, all_claims

CLAIMS = all_claims()
PARTS = {Kind.TESTED: "claims-tested", Kind.IDENTITY: "claims-identities", Kind.NOT_TESTABLE: "claims-not-testable"}


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.name)
def test_each_claim_has_a_row_in_the_table_of_its_kind(opened, kind):
    page = opened("book/claims.html")
    names = [claim.name for claim in CLAIMS if claim.kind is kind]
    assert page.locator(f".{PARTS[kind]} tbody tr").count() == len(names)
    for name in names:
        assert page.locator(f".{PARTS[kind]} #row-{name}").count() == 1


def test_tested_claims_have_their_verdicts_in_words(opened):
    page = opened("book/claims.html")
    heads = page.locator(".claims-tested thead th").all_inner_texts()
    assert heads == ["Claim", "Measured here, in every setting", "Verdict", "What this cannot tell", "Experiment"]
    verdicts = [text.split(" ", 1)[1] for text in page.locator(".claims-tested td:nth-child(3)").all_inner_texts()]
    order = [verdict.value for verdict in Verdict]
    assert verdicts == sorted(verdicts, key=order.index)


def test_the_counts_match_the_rows(opened):
    page = opened("book/claims.html")
    text = page.get_by_text(re.compile(r"^Claims tested: \d+")).first.locator("xpath=ancestor-or-self::p").inner_text()
    total, *parts = map(int, re.findall(r"\d+", text))
    verdicts = [text.split(" ", 1)[1] for text in page.locator(".claims-tested td:nth-child(3)").all_inner_texts()]
    assert total == len(verdicts)
    assert parts == [verdicts.count(verdict.value) for verdict in Verdict]


def test_a_row_links_to_its_paper_and_its_experiment(opened):
    page = opened("book/claims.html")
    row = page.locator(".claims tr", has=page.locator("#row-vanishing-gradients"))
    assert row.locator("td").first.locator("a").get_attribute("href").startswith("references.html#")
    row.locator("td").last.locator("a").click()
    page.wait_for_url("**/book/introduction.html#claim-vanishing-gradients")


def test_on_a_phone_each_row_is_a_card_with_named_parts(opened):
    page = opened("book/claims.html", width=375)
    card = page.locator(".claims tbody tr").first
    lefts = {round(cell.bounding_box()["x"]) for cell in card.locator("td").all()}
    assert len(lefts) == 1, "the cells stand below each other"
    box = card.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 375
    named = "cell => getComputedStyle(cell.querySelector('p'), '::before').content"
    names = [cell.evaluate(named) for cell in card.locator("td").all()]
    assert names == ["none", '"Measured here: "', '"Verdict: "', '"What this cannot tell: "', '"Experiment: "']


def test_the_notebook_has_the_table_in_plain_markdown(opened, site):
    page = opened("book/claims.html")
    notebook = json.loads(page.request.get(f"{site}/_sources/book/claims.ipynb").text())
    text = json.dumps(notebook)
    assert "(ioffe2015)" in text
    assert not re.search(r"\{[\w:]+\}`|:::", text)
