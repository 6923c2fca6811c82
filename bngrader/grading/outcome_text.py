"""Outcomes of grading as JSON: what a worker sends back, checked in every part when it is read.

A worker parses what students hand in, and on a cluster it may be anybody's, so nothing that it sends is unpickled, and
nothing is believed but the scores, which nobody could check without grading again.
"""

import json
import math
from collections.abc import Callable
from typing import Any

from bngrader.course.names import readable
from bngrader.engine.errors import SandboxMissing
from bngrader.feedback.hide_tests import Shown
from bngrader.gradebook.records import GradingOutcome

MAX_OUTCOME_CHARACTERS = 100_000_000
MAX_ERROR_CHARACTERS = 1000
NO_SANDBOX = "no_sandbox"


def to_text(outcome: GradingOutcome | SandboxMissing) -> str:
    """Return an outcome as JSON, or the reason why a machine cannot grade at all."""
    if isinstance(outcome, SandboxMissing):
        return json.dumps({NO_SANDBOX: str(outcome)})
    shown = outcome.shown
    fields = {
        "scores": outcome.scores,
        "comments": outcome.comments,
        "hints": outcome.hints,
        "graded": outcome.graded.decode(),
        "feedback": outcome.feedback,
        "shown": shown and [shown.scores, shown.comments, shown.penalty, list(shown.waiting)],
        "log": outcome.log,
        "error": outcome.error,
    }
    return json.dumps(fields)


def from_text(text: Any, student: str) -> GradingOutcome:
    """Read the outcome of a student's job.

    Raises SandboxMissing if the machine cannot grade, and ValueError if the text is anything but an outcome.
    """
    if not isinstance(text, str) or len(text) > MAX_OUTCOME_CHARACTERS:
        raise ValueError("the result is not a text, or too long")
    try:
        data = json.loads(text)
    except RecursionError as error:
        raise ValueError("the result is nested too deeply") from error
    if isinstance(data, dict) and NO_SANDBOX in data:
        raise SandboxMissing(_line(_text(data[NO_SANDBOX])))
    fields = _fields(data, {"scores", "comments", "hints", "graded", "feedback", "shown", "log", "error"})
    return GradingOutcome(
        student,
        scores=_dict(_optional(_number))(fields["scores"]),
        comments=_dict(_optional(_text))(fields["comments"]),
        hints=_dict(_list(_text))(fields["hints"]),
        graded=_text(fields["graded"]).encode(),
        feedback=_text(fields["feedback"]),
        shown=_optional(_shown)(fields["shown"]),
        log=[_line(line) for line in _list(_text)(fields["log"])],
        error=_optional(lambda error: _line(_text(error)))(fields["error"]),
    )


def _fields(data: Any, names: set[str]) -> dict[str, Any]:
    if not isinstance(data, dict) or data.keys() != names:
        raise ValueError("the result does not have the fields of an outcome")
    return data


def _shown(data: Any) -> Shown:
    if not isinstance(data, list) or len(data) != 4:
        raise ValueError("the points for the page are not a list of four parts")
    scores, comments, penalty, waiting = data
    return Shown(
        _dict(_number)(scores), _dict(_optional(_text))(comments), _number(penalty), tuple(_list(_text)(waiting))
    )


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError("a score is not a number")
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("the result has something else where a text should be")
    value.encode()  # raises UnicodeEncodeError, a ValueError, for half a character
    return value


def _line(text: str) -> str:
    return readable(text[:MAX_ERROR_CHARACTERS])


def _optional(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


def _list(read: Callable[[Any], Any]) -> Callable[[Any], list[Any]]:
    def read_list(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise ValueError("the result has something else where a list should be")
        return [read(item) for item in value]

    return read_list


def _dict(read: Callable[[Any], Any]) -> Callable[[Any], dict[str, Any]]:
    def read_dict(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError("the result has something else where a table should be")
        return {_text(name): read(item) for name, item in value.items()}

    return read_dict
