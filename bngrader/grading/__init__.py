"""Grading of one submission, and of a class in many processes."""
