"""Hints that several functions on batches share."""

NO_RNG = (
    "You do not draw from rng itself. With a copy, the rng of the caller does not move on, and any other "
    "generator gives a different order."
)
