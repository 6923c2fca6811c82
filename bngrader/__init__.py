"""The instructor's grading tool, and the part of it that a student's notebook imports: `bngrader.check`."""
