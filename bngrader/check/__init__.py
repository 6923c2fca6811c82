"""Checks for the test cells of an assignment, with the hints that go with them.

Students install exactly this folder, and the book's pages load it. It needs only NumPy and the standard library, so it
imports no other part of the package.
"""

from bngrader.check.assertions import call, close, fitting, grows, hidden_rng, holds, leaves_arguments_alone, raises
from bngrader.check.messages import CheckFailed, hints_in
from bngrader.check.observation import beside

__all__ = [
    "CheckFailed",
    "beside",
    "call",
    "close",
    "fitting",
    "grows",
    "hidden_rng",
    "hints_in",
    "holds",
    "leaves_arguments_alone",
    "raises",
]
