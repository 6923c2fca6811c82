"""The three tables of the claims page, the counts above them, and the forest plot of the effects."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from IPython.display import Markdown
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bnref.claims import SECTIONS, Claim, Effect, Finding, Kind, Unit, Verdict
from bnref.figures.performance import markdown_table
from bnref.figures.style import BLUE, GREEN, GREY, PURPLE, RED

MARKS = {
    Verdict.CONTRADICTED: "✗",
    Verdict.MIXED: "±",
    Verdict.NOT_SHOWN: "·",
    Verdict.NO_TEST: "?",
    Verdict.SHOWN: "✓",
}
# Markers differ in shape too, for readers who cannot rely on color.
LOOKS = {
    Verdict.CONTRADICTED: ("X", RED),
    Verdict.MIXED: ("D", PURPLE),
    Verdict.NOT_SHOWN: ("o", GREY),
    Verdict.NO_TEST: ("s", GREEN),
    Verdict.SHOWN: ("o", BLUE),
}
SPELLINGS = {"bn": "BN", "cnn": "CNN", "relu": "ReLU", "rms": "RMS", "skipinit": "SkipInit"}

TESTED = ("Claim", "Measured here, in every setting", "Verdict", "What this cannot tell", "Experiment")
IDENTITIES = ("Identity", "Checked here", "Result", "Experiment")
NOT_TESTABLE = ("Claim", "Why this book cannot test it", "Chapter")

FACTOR_LIMITS = (1e-2, 1e4)  # factors outside are drawn as arrows, since a few would squeeze all others
ROW = 0.17  # inches of a claim with one effect
STEP = 0.55  # distance of two effects of one claim, in rows


@dataclass(frozen=True)
class Row:
    """A claim with its finding."""

    claim: Claim
    finding: Finding


def part(claims: Sequence[Claim], findings: Sequence[Finding], kind: Kind) -> list[Row]:
    """Return the claims of one kind: contradictions first, then in the order of the verdicts and of the book."""
    rows = [Row(c, f) for c, f in zip(claims, findings, strict=True) if c.kind is kind]
    order = list(Verdict)
    return sorted(rows, key=lambda row: order.index(row.finding.verdict))


def count_tested(rows: Sequence[Row]) -> Markdown:
    """Count the tested claims, in total and by verdict."""
    found = Counter(row.finding.verdict for row in rows)
    parts = [f"{MARKS[verdict]} {verdict.value}: {found[verdict]}" for verdict in Verdict]
    return Markdown(f"**Claims tested: {len(rows)}.** By verdict: {'; '.join(parts)}.")


def count_identities(rows: Sequence[Row]) -> Markdown:
    """Count the identities, and those that do not hold."""
    wrong = sum(row.finding.verdict is not Verdict.SHOWN for row in rows)
    return Markdown(f"**Identities checked: {len(rows)}.** Identities that fail the check: {wrong}.")


def count_not_testable(rows: Sequence[Row]) -> Markdown:
    """Count the claims that this book cannot test."""
    return Markdown(f"**Claims that this book cannot test: {len(rows)}.**")


def tested_table(rows: Sequence[Row]) -> Markdown:
    """Build the table of the tested claims, with every setting. Each row has the anchor `row-<name>`."""
    return _table("claims-tested", TESTED, [_tested(row) for row in rows])


def identity_table(rows: Sequence[Row]) -> Markdown:
    """Build the table of the identities, with the largest difference that was found."""
    return _table("claims-identities", IDENTITIES, [_identity(row) for row in rows])


def not_testable_table(rows: Sequence[Row]) -> Markdown:
    """Build the table of the claims that cannot be tested here, with the reasons."""
    return _table("claims-not-testable", NOT_TESTABLE, [_not_testable(row) for row in rows])


def _table(name: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Markdown:
    """Build MyST Markdown, so that citations and links to chapters work as on any page."""
    if not rows:
        return Markdown("")
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]  # a bare | would end the cell
    return Markdown(f":::{{container}} claims {name}\n\n{markdown_table(header, cells).data}\n\n:::")


def _tested(row: Row) -> list[str]:
    verdict = row.finding.verdict
    return [
        _said(row.claim),
        "<br/>".join([row.finding.measured, *_settings(row.finding.effects)]),
        f"{MARKS[verdict]} {verdict.value}",
        row.claim.limits or "-",  # a card on a phone names each of its parts, empty or not
        _link(row.claim),
    ]


def _identity(row: Row) -> list[str]:
    holds = row.finding.verdict is Verdict.SHOWN
    return [_said(row.claim), row.finding.measured, "✓ holds" if holds else "✗ does not hold", _link(row.claim)]


def _not_testable(row: Row) -> list[str]:
    return [_said(row.claim), row.claim.limits, _link(row.claim)]


def _said(claim: Claim) -> str:
    published = f" Published: {claim.published}." if claim.published else ""
    anchor = f'<span id="row-{claim.name}"></span>'
    return f"{anchor}{claim.says} {{cite:t}}`{claim.source}`, {claim.where}.{published}"


def _link(claim: Claim) -> str:
    return f"{{ref}}`{SECTIONS[claim.chapter]} <claim-{claim.name}>`"


def _settings(effects: Sequence[Effect]) -> list[str]:
    """Return a line for what is compared, in italics, and one for each setting."""
    lines = []
    for compares in dict.fromkeys(effect.compares for effect in effects):
        lines.append(f"*{compares[0].upper()}{compares[1:]}*:")
        same = [effect for effect in effects if effect.compares == compares]
        lines += [f"{effect.setting}: {effect.size}" if effect.setting else effect.size for effect in same]
    return lines


def draw_forest(ax: Axes, rows: Sequence[Row], unit: Unit) -> None:
    """Draw the effects in one unit, with their intervals: a group for each verdict, a tick for each claim.

    Every setting has a dot, and the dots of one claim stand below each other. The figure's height follows the number
    of effects.
    """
    y, ticks = 0.0, []
    shown = [(row, [e for e in row.finding.effects if e.unit is unit]) for row in rows]
    shown = [(row, effects) for row, effects in shown if effects]
    for k, (row, effects) in enumerate(shown):
        verdict = row.finding.verdict
        if k == 0 or verdict is not shown[k - 1][0].finding.verdict:
            y += 0.4
            ticks.append((y, f"{MARKS[verdict]} {verdict.value}", LOOKS[verdict][1]))
            y += 1
        places = y + STEP * np.arange(len(effects))
        _draw_effects(ax, effects, places, verdict)
        ticks.append((places.mean(), short_name(row.claim), "black"))
        y = places[-1] + 1
    _label(ax, ticks, unit)
    if isinstance(ax.figure, Figure):  # and not a part of one
        ax.figure.set_figheight(0.8 + ROW * y)
    ax.set_ylim(y + 0.1, -0.3)


def short_name(claim: Claim) -> str:
    """Return the name of a claim in words."""
    name = " ".join(SPELLINGS.get(word, word) for word in claim.name.split("-"))
    return name[0].upper() + name[1:]


def _draw_effects(ax: Axes, effects: Sequence[Effect], places: Iterable[float], verdict: Verdict) -> None:
    marker, color = LOOKS[verdict]
    for effect, place in zip(effects, places, strict=True):
        low, mean, high = effect.interval[0], effect.mean, effect.interval[1]
        if effect.unit is Unit.FACTOR:
            low, mean, high = 10**low, 10**mean, 10**high
            least, most = FACTOR_LIMITS
            marker = ">" if mean > most else "<" if mean < least else LOOKS[verdict][0]
            low, mean, high = (float(np.clip(x, least, most)) for x in (low, mean, high))
        ax.plot([low, high], [place, place], "-", color=color, linewidth=1.2)
        ax.plot(mean, place, marker, color=color, markersize=4, clip_on=False)


def _label(ax: Axes, ticks: Sequence[tuple[float, str, str]], unit: Unit) -> None:
    """Name the claims and the verdicts on the left, and mark the place of no difference."""
    ax.set_yticks([y for y, _, _ in ticks], [text for _, text, _ in ticks], fontsize=8)
    for label, (_, _, color) in zip(ax.get_yticklabels(), ticks, strict=True):
        label.set_color(color)
        label.set_fontweight("normal" if color == "black" else "bold")
    ax.tick_params(axis="y", length=0)
    ax.axvline(0 if unit is Unit.POINTS else 1, color=GREY, linestyle=":", linewidth=1.5, zorder=0)
    if unit is Unit.POINTS:
        ax.set_xlabel("difference in percentage points")
    else:
        ax.set(xscale="log", xlabel="ratio of the two sides")
