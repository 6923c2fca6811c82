"""Shared internals of the reference functions: the forward and backward passes of all norms, in NumPy."""

from bnref.core.passes import Cache, Moments, backward, evaluate, forward, moments, seen_as

__all__ = ["Cache", "Moments", "backward", "evaluate", "forward", "moments", "seen_as"]
