"""Tests that the message of a failed check can be taken apart again."""

import numpy as np

from bngrader.check.messages import claim_in, facts_in, failure, hints_in


def test_a_message_can_be_taken_apart_again():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    hint = "You divide by N - 1, " + "which is a very long story " * 5 + "in the end."
    text = str(
        failure("std divides by N", {"train_scores": x}, [hint], got="a\nb: c", smallest="it fails on this\nx = 1")
    )
    assert hints_in(text) == ["Failed: std divides by N.", hint]
    assert facts_in(text) == [
        ("train_scores =", "[[1. 2.]\n [3. 4.]]\nfloat64, shape (2, 2)"),
        ("got:", "a\nb: c"),
        ("smallest:", "it fails on this\nx = 1"),
    ]


def test_a_claim_loses_its_prefix_also_in_old_gradebooks():
    assert claim_in(str(failure("std divides by N", {}))) == "std divides by N."
    assert claim_in("Not so: std divides by N.") == "std divides by N."
    assert claim_in("NameError: name 'z' is not defined") == "NameError: name 'z' is not defined"
