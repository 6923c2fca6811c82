"""Forged messages end the conversation or count as an error of the answer, and never end the judge."""

import socket

import numpy as np
import pytest

from bngrader.engine.errors import LimitReached
from bngrader.engine.judge.remote import Remote
from bngrader.engine.judge.student_errors import MAX_TEXT_CHARACTERS
from bngrader.engine.protocol.channel import Channel
from tests.grading.attacks import forged

ARGUMENT = np.arange(6.0).reshape(3, 2)


@pytest.fixture
def ends():
    """Connect a judge to a channel through which the test plays the student's process."""
    here, there = socket.socketpair()
    remote = Remote(Channel(here), 2.0, lambda *rest: None, lambda *rest: "")
    yield remote, Channel(there)
    here.close()
    there.close()


def answered(ends, *messages):
    """Return the result of a call whose process has already sent these messages, each with a buffer."""
    remote, process = ends
    for message in messages:
        process.send(message, [bytes(48)])
    process.sock.shutdown(socket.SHUT_WR)
    return remote.request("call", {"args": ((ARGUMENT.copy(),), {})}, object=0)


def reply(**fields):
    return {"kind": "reply", "id": 0, **fields}


def test_an_honest_reply_arrives(ends):
    got = answered(ends, reply(value=["n", "<f8", [3, 2], [16, 8], True, 0, 0]))
    assert np.array_equal(got, np.zeros((3, 2)))


@pytest.mark.parametrize("node", forged.VALUES, ids=repr)
def test_a_forged_value_cuts_its_process_off(ends, node):
    with pytest.raises(LimitReached, match="not allowed"):
        answered(ends, reply(value=node))
    assert "not allowed" in ends[0].dead


@pytest.mark.parametrize("message", forged.MESSAGES, ids=repr)
def test_a_forged_message_cuts_its_process_off(ends, message):
    with pytest.raises(LimitReached, match="not allowed"):
        answered(ends, message, reply(value=3))


@pytest.mark.parametrize("field", ["changed", "args", "generators", "warnings"])
@pytest.mark.parametrize("node", forged.VALUES, ids=repr)
def test_a_forged_change_changes_nothing(ends, field, node):
    remote, process = ends
    argument = ARGUMENT.copy()
    process.send(reply(value=3, **{field: {"0": node, "x": node} if field in ("changed", "generators") else node}))
    process.sock.shutdown(socket.SHUT_WR)
    try:
        got = remote.request("call", {"args": ((argument,), {})}, object=0)
    except LimitReached:
        got = None
    assert got in (3, None)
    assert np.array_equal(argument, ARGUMENT)


@pytest.mark.parametrize("error", forged.ERRORS, ids=lambda error: repr(error)[:60])
def test_a_forged_error_is_an_error(ends, error):
    with pytest.raises((Exception, SystemExit)) as caught:
        answered(ends, reply(error=error))
    assert not isinstance(caught.value, AttributeError | TypeError | KeyError)


@pytest.mark.parametrize("error", forged.LONG_ERRORS, ids=lambda error: repr(error)[:60])
def test_a_forged_error_is_short(ends, error):
    with pytest.raises(ValueError, match="x") as caught:
        answered(ends, reply(error=error))
    assert len(str(caught.value)) <= MAX_TEXT_CHARACTERS + 10
