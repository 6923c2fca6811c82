"""Tests of the table of claims and the count of its verdicts."""

from bnref.claims import Claim, Finding, Verdict
from bnref.figures.claims import count, table

CLAIMS = [
    Claim("one", "It | works.", "ioffe2015", "section 1", "72.2%", "introduction", lambda: 1, lambda _: FINDINGS[0]),
    Claim("two", "It does not.", "wuhe2018", "table 2", "", "norm_types", lambda: 2, lambda _: FINDINGS[1]),
]
FINDINGS = [Finding("0.9", Verdict.SHOWN), Finding("0.1", Verdict.CONTRADICTED)]


def test_claims_are_counted_by_verdict():
    assert count(FINDINGS).data == (
        "Of **2 claims**, 1 contradicted here, 0 depends on the setting, 0 not shown here, 0 no test, and 1 shown here."
    )


def test_row_has_claim_source_finding_verdict_and_link():
    lines = table(CLAIMS, [claim.find() for claim in CLAIMS]).data.splitlines()
    rows = [line for line in lines if line.startswith("| <span")]
    assert rows == [
        '| <span id="row-one"></span>It \\| works. {cite:t}`ioffe2015`, section 1. Published: 72.2%. | 0.9 | '
        "✓ shown here | {ref}`Introduction <claim-one>` |",
        '| <span id="row-two"></span>It does not. {cite:t}`wuhe2018`, table 2. | 0.1 | ✗ contradicted here | '
        "{ref}`Normalization types <claim-two>` |",
    ]
    assert lines[0] == ":::{container} claims"
    assert lines[-1] == ":::"
