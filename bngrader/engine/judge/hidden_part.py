"""On the judge's side: what a student may know about a failure in the hidden part of a test.

That is the claim that does not hold, the hints, the kind of error, and the line of the student's own code. The inputs
stay secret, and so does every text and number that the answer could choose, since it has seen the inputs: what it
returned, raised, warned of or printed.
"""

import re
from typing import Any

from bngrader.check.messages import CheckFailed, claim_in, facts_in, failure, hints_in
from bngrader.engine.cells.shell import Output
from bngrader.engine.errors import OWN_TRACEBACK, LimitReached
from bngrader.engine.judge.student_errors import KNOWN

SWITCH = "__hidden_part__"  # the name of the function that a marked test calls with True, and later with False
BEGIN = re.compile(r"^([ \t]*)#.*BEGIN HIDDEN TESTS.*$", re.MULTILINE)
# Not at the end of a cell: there, a call would hide the last line's result, which may be the score.
END = re.compile(r"^([ \t]*)#.*END HIDDEN TESTS.*$(?=(?:\s|#.*)*^[ \t]*[^\s#])", re.MULTILINE)
NOT_SHOWN = "not shown, because this part of the test is hidden"
NUMBER = re.compile(r"(?:np\.\w+\()?([-+]?\d*\.?\d+(?:e[-+]?\d+)?)\)?")
SCORE_DIGITS = 4  # that a score in a hidden part keeps
DIGITS = re.compile(r"\d[\d,._]*")
MAX_SIGNIFICANT_DIGITS = 3  # of a number in a claim that is not in the test's own code
CHANGED = re.compile(r"(must not change its argument)\b.*")
TOO_MUCH_SAID = re.compile(r"( something that is not allowed):.*", re.DOTALL)


def marked(source: str) -> str:
    """Return a test's source, with the same lines, in which calls of SWITCH say where the hidden part is."""
    return END.sub(rf"\1{SWITCH}(False)", BEGIN.sub(rf"\1{SWITCH}(True)", source))


def reduced(output: Output, source: str, error: BaseException | None, own: str | None) -> Output | None:
    """Return what may be shown of an output of a hidden part; None if that is nothing.

    `error` is the exception that ended the test, `own` the line of the answer that raised it, and `source` the test.
    """
    if output["output_type"] == "error":
        return _reduced_error(output, source, error, own)
    if output["output_type"] != "execute_result":
        return None
    number = NUMBER.fullmatch(output["data"].get("text/plain", ""))  # which may be the score
    return output | {"data": {"text/plain": f"{float(number[1]):.{SCORE_DIGITS}g}"}} if number else None


def _reduced_error(output: Output, source: str, error: BaseException | None, own: str | None) -> Output:
    if isinstance(error, CheckFailed):
        name, text = CheckFailed.__name__, _reduced_failure(output["evalue"], source)
    elif isinstance(error, LimitReached):
        name, text = LimitReached.__name__, TOO_MUCH_SAID.sub(r"\1", output["evalue"])
    else:
        name, text = kind_of(error), f"what went wrong is {NOT_SHOWN}"
    lines = text.splitlines() if name == CheckFailed.__name__ else [f"{name}: {text}"]
    lines += [f"{OWN_TRACEBACK}\n{own}"] if own else []
    return output | {"ename": name, "evalue": text, "traceback": lines}


def _reduced_failure(text: str, source: str) -> str:
    claim, *hints = hints_in(text)
    facts, shown = dict(facts_in(text)), {"input": NOT_SHOWN}
    if "raised:" in facts:
        shown["raised"] = _raised(facts["raised:"])
    if "smallest:" in facts:  # an input that is the same for everybody, with the right result
        smallest = re.split(r"^got ", facts["smallest:"], maxsplit=1, flags=re.MULTILINE)[0]
        shown["smallest"] = smallest.strip()
    return str(failure(_reduced_claim(claim_in(claim).removesuffix("."), source), {}, hints, **shown))


def _reduced_claim(claim: str, source: str) -> str:
    """Return a claim without the name of an argument, which the answer chose, and without numbers of many digits."""
    return DIGITS.sub(lambda found: _reduced_number(found[0], source), CHANGED.sub(r"\1s", claim))


def _reduced_number(number: str, source: str) -> str:
    digits = re.sub(r"\D", "", number).strip("0")
    return number if len(digits) <= MAX_SIGNIFICANT_DIGITS or number in source else "..."


def _raised(text: str) -> str:
    name = text.partition(":")[0]
    if name == LimitReached.__name__:
        return TOO_MUCH_SAID.sub(r"\1", text)
    return name if name in KNOWN else "an error of another kind"


def kind_of(error: Any) -> str:
    """Return the name of an error's class, or of the nearest one that the answer did not define."""
    return next((kind.__name__ for kind in type(error).__mro__ if kind in KNOWN.values()), "Exception")
