"""The engine room of the reference functions: one forward and one backward pass for every norm, in NumPy alone."""

from bnref.core.passes import Cache, Moments, backward, evaluate, forward, moments, seen_as

__all__ = ["Cache", "Moments", "backward", "evaluate", "forward", "moments", "seen_as"]
