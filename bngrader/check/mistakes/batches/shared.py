"""Hints that several functions on batches share."""

NO_RNG = "You do not draw from rng itself. Another generator, such as a new one or the global one, gives another order."
