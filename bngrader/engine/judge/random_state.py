"""On the judge's side: send the random states that tests set, and check those that come back.

The judge does not believe the state that an answer claims to have left a generator in: it must be a state that drawing
from the generator leads to. Otherwise an answer could choose what a test draws next.
"""

import sys
from typing import Any

import numpy as np

from bngrader.engine.errors import ProtocolError
from bngrader.engine.protocol.messages import State
from bngrader.engine.protocol.random_state import MULTIPLIERS, Twin, set_state, state_of

STATE_MASK = (1 << 128) - 1
MAX_DRAWS = 1 << 40  # in one call


def move_on(twin: Twin, new: Any) -> None:
    """Bring the test's generator to where the answer took its twin.

    Raises ProtocolError if drawing from the generator does not lead there.
    """
    old = state_of(twin.rng)
    if not (isinstance(new, list) and len(new) == 5 and isinstance(new[1], str) and len(new[1]) < 40):
        raise ProtocolError("a generator's state is malformed")
    if new[0] != old[0] or new[2] != old[2] or new[3] not in (0, 1) or type(new[4]) is not int:
        raise ProtocolError("a generator was replaced by another one")
    if not 0 <= new[4] < 1 << 32 or not _reachable(old, int(new[1], 16) & STATE_MASK):
        raise ProtocolError("a generator was put into a state that drawing numbers cannot reach")
    set_state(twin.rng, new)
    twin.known = new


def _reachable(old: State, target: int) -> bool:
    """Return whether at most MAX_DRAWS draws lead to `target`: finds the distance bit by bit (O'Neill 2014)."""
    current, multiplier, plus = int(old[1], 16), MULTIPLIERS[old[0]], int(old[2], 16)
    bit = 1
    while current != target and bit < MAX_DRAWS:
        if (current ^ target) & bit:
            current = (current * multiplier + plus) & STATE_MASK
        plus = (multiplier + 1) * plus & STATE_MASK
        multiplier = multiplier * multiplier & STATE_MASK
        bit <<= 1
    return current == target


class GlobalStates:
    """The judge's global random states, and what the student's side knows of them."""

    def __init__(self) -> None:
        self._sent = _global_states()

    def news(self) -> dict[str, Any]:
        """Return the states that a test has set, or drawn from, since the last call of this method."""
        now = _global_states()
        news = {name: state for name, state in now.items() if state != self._sent.get(name)}
        if news:  # one draw more, so that the same seed counts as news when a test sets it again
            np.random.random()  # noqa: NPY002
            if "torch" in sys.modules:
                sys.modules["torch"].rand(())
            self._sent = _global_states()
        return news


def _global_states() -> dict[str, Any]:
    _, keys, position, has_gauss, gauss = np.random.get_state()  # noqa: NPY002
    states: dict[str, Any] = {"numpy": [np.asarray(keys).tobytes(), int(position), int(has_gauss), float(gauss)]}
    if (torch := sys.modules.get("torch")) is not None:
        states["torch"] = torch.get_rng_state().numpy().tobytes()
    return states
