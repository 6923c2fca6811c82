"""On the student's side: take over the random states that the judge sends with a request."""

import sys

import numpy as np

from bngrader.engine.protocol.messages import RandomStates, State
from bngrader.engine.protocol.random_state import Twin, set_state


def receive(news: RandomStates, twins: dict[int, Twin]) -> None:
    """Bring the twins of the test's generators, and the global random states, into the states in `news`."""
    for number, state in news["generators"].items():
        twin = twins.setdefault(int(number), Twin(_generator(state)))
        set_state(twin.rng, state)
        twin.known = state
    if "numpy" in news["globals"]:
        keys, *rest = news["globals"]["numpy"]
        np.random.set_state(("MT19937", np.frombuffer(keys, np.uint32), *rest))  # noqa: NPY002
    torch = sys.modules.get("torch")
    if torch and "torch" in news["globals"]:
        torch.set_rng_state(torch.from_numpy(np.frombuffer(bytearray(news["globals"]["torch"]), np.uint8)))


def _generator(state: State) -> np.random.Generator:
    return np.random.Generator({"PCG64": np.random.PCG64, "PCG64DXSM": np.random.PCG64DXSM}[state[0]]())
