"""The grading of one submission, and of a class on many processes."""
