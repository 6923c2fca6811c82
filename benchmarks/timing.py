"""Two functions timed in turn, so that what else the machine does touches both alike."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """The median seconds of our way and of a peer's."""

    what: str
    ours: float
    peer_name: str
    peer: float


def compare(what: str, ours: Callable[[], Any], peer_name: str, peer: Callable[[], Any], rounds: int = 21) -> Row:
    """Time both functions `rounds` times, one after the other, after one call each that does not count."""
    seconds: dict[Callable[[], Any], list[float]] = {ours: [], peer: []}
    for counted in [False] + [True] * rounds:
        for function, times in seconds.items():
            start = time.perf_counter()
            function()
            if counted:
                times.append(time.perf_counter() - start)
    return Row(what, statistics.median(seconds[ours]), peer_name, statistics.median(seconds[peer]))
