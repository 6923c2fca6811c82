"""The table of the claims page and the count of its verdicts."""

from collections import Counter
from collections.abc import Sequence

from IPython.display import Markdown

from bnref.claims import SECTIONS, Claim, Finding, Verdict
from bnref.figures.performance import markdown_table

MARKS = {
    Verdict.CONTRADICTED: "✗",
    Verdict.MIXED: "±",
    Verdict.NOT_SHOWN: "·",
    Verdict.NO_TEST: "?",
    Verdict.SHOWN: "✓",
}
HEADER = ("Claim", "Measured here", "Verdict", "Experiment")


def count(findings: Sequence[Finding]) -> Markdown:
    """Count the claims, in total and by verdict."""
    found = Counter(finding.verdict for finding in findings)
    parts = [f"{found[verdict]} {verdict.value}" for verdict in Verdict]
    return Markdown(f"Of **{len(findings)} claims**, {', '.join(parts[:-1])}, and {parts[-1]}.")


def table(claims: Sequence[Claim], findings: Sequence[Finding]) -> Markdown:
    """Build a table with a row for each claim.

    It is MyST Markdown, so that its citations and its links to chapters work as on any page. A row's anchor is
    `row-<name>`.
    """
    rows = [_row(claim, finding) for claim, finding in zip(claims, findings, strict=True)]
    return Markdown(f":::{{container}} claims\n\n{markdown_table(HEADER, rows).data}\n\n:::")


def _row(claim: Claim, finding: Finding) -> list[str]:
    published = f" Published: {claim.published}." if claim.published else ""
    cited = f"{{cite:t}}`{claim.source}`, {claim.where}."
    cells = [
        f'<span id="row-{claim.name}"></span>{claim.says} {cited}{published}',
        finding.measured,
        f"{MARKS[finding.verdict]} {finding.verdict.value}",
        f"{{ref}}`{SECTIONS[claim.chapter]} <claim-{claim.name}>`",
    ]
    return [cell.replace("|", "\\|") for cell in cells]  # a bare | would end the cell
