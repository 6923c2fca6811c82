"""Random numbers on both sides: a Generator that a test passes in has a twin in the student's process.

The twin starts in the same state, and after the call the test's own is moved on as far as the twin went. Where the
twin went is checked: a state that the generator would not reach is refused. The global states of `numpy.random` and
of torch go to the student's side when a test has set them, and never come back.
"""

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from bngrader.engine.errors import ProtocolError

MULTIPLIERS = {"PCG64": 0x2360ED051FC65DA44385DF649FCCF645, "PCG64DXSM": 0xDA942042E4DD58B5}
MASK = (1 << 128) - 1
FARTHEST = 1 << 40  # draws in one call
State = list[Any]


@dataclass
class Twin:
    """A Generator, and the state that the other side knows of it."""

    rng: np.random.Generator
    known: State | None = None


def state_of(rng: np.random.Generator) -> State:
    """The state as plain data. Raises TypeError for a generator of another kind than default_rng's."""
    state: Any = rng.bit_generator.state
    if state["bit_generator"] not in MULTIPLIERS:
        raise TypeError(f"a {state['bit_generator']} generator cannot be passed to an answer: use default_rng")
    inner = state["state"]
    return [
        state["bit_generator"],
        hex(inner["state"]),
        hex(inner["inc"]),
        int(state["has_uint32"]),
        int(state["uinteger"]),
    ]


def set_state(rng: np.random.Generator, state: State) -> None:
    """Bring a generator into a state that `state_of` gave."""
    name, inner, inc, has_uint32, uinteger = state
    rng.bit_generator.state = {
        "bit_generator": name,
        "state": {"state": int(inner, 16), "inc": int(inc, 16)},
        "has_uint32": has_uint32,
        "uinteger": uinteger,
    }


def move_on(twin: Twin, new: Any) -> None:
    """Bring the test's generator to where the answer took its twin. Raises ProtocolError if that is nowhere."""
    old = state_of(twin.rng)
    if not (isinstance(new, list) and len(new) == 5 and isinstance(new[1], str) and len(new[1]) < 40):
        raise ProtocolError("a generator's state is wrong")
    if new[0] != old[0] or new[2] != old[2] or new[3] not in (0, 1) or type(new[4]) is not int:
        raise ProtocolError("a generator was replaced by another one")
    if not 0 <= new[4] < 1 << 32 or not _reachable(old, int(new[1], 16) & MASK):
        raise ProtocolError("a generator was put into a state that drawing does not lead to")
    set_state(twin.rng, new)
    twin.known = new


def _reachable(old: State, target: int) -> bool:
    """Whether a PCG generator comes to the state `target` in a while (the distance, bit by bit: O'Neill 2014)."""
    current, multiplier, plus = int(old[1], 16), MULTIPLIERS[old[0]], int(old[2], 16)
    bit = 1
    while current != target and bit < FARTHEST:
        if (current ^ target) & bit:
            current = (current * multiplier + plus) & MASK
        plus = (multiplier + 1) * plus & MASK
        multiplier = multiplier * multiplier & MASK
        bit <<= 1
    return current == target


def changed(twins: dict[int, Twin]) -> dict[str, State]:
    """The states that the other side does not know yet."""
    states = {}
    for number, twin in twins.items():
        now = state_of(twin.rng)
        if now != twin.known:
            states[str(number)], twin.known = now, now
    return states


class Globals:
    """The judge's global random states: what of them the student's side does not have yet."""

    def __init__(self) -> None:
        self._sent = _global_states()

    def news(self) -> dict[str, Any]:
        """The states that a test has set, or moved on, since the last time."""
        now = _global_states()
        news = {name: state for name, state in now.items() if state != self._sent.get(name)}
        if news:  # a draw, so that the same seed is news again when a test sets it again
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


def receive(news: dict[str, Any], twins: dict[int, Twin]) -> None:
    """On the student's side: take over the states that the judge sent."""
    for number, state in news["generators"].items():
        twin = twins.setdefault(int(number), Twin(_generator(state)))
        set_state(twin.rng, state)
        twin.known = state
    if "numpy" in news["globals"]:
        keys, *rest = news["globals"]["numpy"]
        np.random.set_state(("MT19937", np.frombuffer(keys, np.uint32), *rest))  # noqa: NPY002
    if "torch" in news["globals"]:
        torch = sys.modules["torch"]
        torch.set_rng_state(torch.from_numpy(np.frombuffer(bytearray(news["globals"]["torch"]), np.uint8)))


def _generator(state: State) -> np.random.Generator:
    return np.random.Generator({"PCG64": np.random.PCG64, "PCG64DXSM": np.random.PCG64DXSM}[state[0]]())
