"""Tests of the page of claims: a row for each claim, links to paper and experiment, and cards on a phone."""

import json
import re

from bnref.claims import Verdict, all_claims

CLAIMS = all_claims()


def test_each_claim_has_a_row_with_a_verdict_in_words(opened):
    page = opened("book/claims.html")
    assert page.locator(".claims thead th").all_inner_texts() == ["Claim", "Measured here", "Verdict", "Experiment"]
    rows = page.locator(".claims tbody tr").all()
    assert len(rows) == len(CLAIMS)
    for row, claim in zip(rows, CLAIMS, strict=True):
        assert row.locator(f"#row-{claim.name}").count() == 1
        verdict = row.locator("td").nth(2).inner_text()
        assert verdict.split(" ", 1)[1] in {verdict.value for verdict in Verdict}


def test_the_counts_match_the_rows(opened):
    page = opened("book/claims.html")
    total, *parts = map(int, re.findall(r"\d+", page.get_by_text(re.compile(r"^Of \d+ claims")).inner_text()))
    verdicts = [text.split(" ", 1)[1] for text in page.locator(".claims td:nth-child(3)").all_inner_texts()]
    assert total == len(CLAIMS)
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
    assert names == ["none", '"Measured here: "', '"Verdict: "', '"Experiment: "']


def test_the_notebook_has_the_table_in_plain_markdown(opened, site):
    page = opened("book/claims.html")
    notebook = json.loads(page.request.get(f"{site}/_sources/book/claims.ipynb").text())
    text = json.dumps(notebook)
    assert "(ioffe2015)" in text
    assert not re.search(r"\{[\w:]+\}`|:::", text)
