"""Each rule of prose finds the bad sentences that stand beside it, and leaves the good ones alone."""

from pathlib import Path

import pytest

from prose.lint import faults
from prose.rules import own_rules

RULES = own_rules()
BAD = [(rule, sentence) for rule in RULES for sentence in rule.finds]
GOOD = [(rule, sentence) for rule in RULES for sentence in rule.allows]


def named(cases):
    return [pytest.param(rule, sentence, id=f"{rule.name}-{number}") for number, (rule, sentence) in enumerate(cases)]


@pytest.mark.parametrize(("rule", "sentence"), named(BAD))
def test_a_rule_finds_a_bad_sentence(rule, sentence):
    assert rule.name in {fault.rule for fault in faults("a.md", f"We begin here.\n\n{sentence}\n")}


@pytest.mark.parametrize(("rule", "sentence"), named(GOOD))
def test_every_rule_leaves_a_good_sentence_alone(rule, sentence):
    assert faults("a.md", f"{sentence}\n\nAnd so on.\n") == []


def test_each_rule_has_a_name_and_sentences():
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert [rule.name for rule in RULES if min(len(rule.finds), len(rule.allows)) < 2] == []


def test_a_sentence_over_two_lines_is_found():
    (fault,) = faults("a.md", "# Heading\n\nA layer inside\nof the network\n")
    assert (fault.rule, fault.line, fault.words) == ("inside-of", 3, "inside of")


def test_a_check_of_proselint_is_found():
    assert faults("a.md", "It is could of them.\n")


def test_contributing_lists_the_rules():
    listed = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert [rule.name for rule in RULES if f"| `{rule.name}` | {rule.advice} |" not in listed] == []
