"""Random states as plain data.

A Generator that a test passes in has a twin in the student's process. The twin starts in the same state, and after the
call the test's own generator is moved on as far as the answer took the twin. The global states of `numpy.random` and of
torch go to the student's side when a test has set them, and never come back.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bngrader.engine.protocol.messages import State

# The constants of PCG's linear congruential generators (O'Neill 2014), by the names of NumPy's bit generators.
MULTIPLIERS = {"PCG64": 0x2360ED051FC65DA44385DF649FCCF645, "PCG64DXSM": 0xDA942042E4DD58B5}


@dataclass
class Twin:
    """A Generator, and the state that the other side knows of it."""

    rng: np.random.Generator
    known: State | None = None


def state_of(rng: np.random.Generator) -> State:
    """Return the state as plain data. Raises TypeError for a generator that default_rng does not make."""
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
    """Bring a generator into a state that `state_of` returned."""
    name, inner, inc, has_uint32, uinteger = state
    rng.bit_generator.state = {
        "bit_generator": name,
        "state": {"state": int(inner, 16), "inc": int(inc, 16)},
        "has_uint32": has_uint32,
        "uinteger": uinteger,
    }


def changed(twins: dict[int, Twin]) -> dict[str, State]:
    """Return the states that the other side does not know yet, and note that it will now."""
    states = {}
    for number, twin in twins.items():
        now = state_of(twin.rng)
        if now != twin.known:
            states[str(number)], twin.known = now, now
    return states
