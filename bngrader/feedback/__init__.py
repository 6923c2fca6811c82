"""What students and graders are shown of graded work."""

from bngrader.feedback.hide_tests import HideTests

__all__ = ["HideTests"]  # configurations of classes import it from here
