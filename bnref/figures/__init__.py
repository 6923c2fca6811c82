"""Figures of the book: each section has a module, whose functions draw experiment results onto matplotlib axes."""
