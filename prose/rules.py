"""The checks that the linter runs: the course's rules of `rules.yaml`, and proselint's that suit a textbook."""

from dataclasses import dataclass
from pathlib import Path

import yaml
from proselint.checks import __register__ as proselint_checks
from proselint.registry.checks import Check
from proselint.registry.checks.engine import Fancy, RegexOptions
from proselint.registry.checks.types import ExistenceSimple

# Checks of proselint that a textbook on machine learning fails for no good reason.
UNFIT = (
    "restricted",  # words outside of two lists of simple words
    "lexical_illusions",  # takes a heading and the sentence below for one; our repeated-word finds the rest
    "weasel_words.very",  # "very deep networks" are a subject of their own
    "typography.symbols",  # would make "3 x 3", "..." and the straight quotes of a source typographic
    "typography.punctuation.spacing",  # two spaces in a source are one on the page
    "typography.punctuation.exclamation",
    "dates_times",  # reads "2,000 ampersands" as a time of day, and "0-9" as a range of dates
    "cliches",  # "for free" is a term of ours: it costs no extra parameters
    "misc.but",  # a paragraph may turn with a "But"
    "uncomparables",  # "that is not quite true" is plain English
    "redundancy.misc.after_the_deadline",
)


@dataclass(frozen=True)
class Rule:
    """A rule of `rules.yaml`, with sentences that it finds and sentences that it leaves alone."""

    name: str
    pattern: str
    advice: str
    finds: list[str]
    allows: list[str]

    def check(self) -> Check:
        """Return the rule as a check of proselint's."""
        engine = Fancy(RegexOptions(case_insensitive=True, multi_line=True))
        message = self.advice.replace("{", "{{").replace("}", "}}")
        return Check(check_type=ExistenceSimple(self.pattern), engine=engine, path=self.name, message=message)


def own_rules() -> list[Rule]:
    """Return the rules of `rules.yaml`."""
    return [Rule(**entry) for entry in yaml.safe_load(Path(__file__).with_name("rules.yaml").read_text())]


def all_checks() -> list[Check]:
    """Return every check that the linter runs."""
    fit = [check for check in proselint_checks if not any(check.matches_partial(unfit) for unfit in UNFIT)]
    return [*(rule.check() for rule in own_rules()), *fit]
