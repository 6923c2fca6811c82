"""Checks that functions reject invalid arguments, with messages that name the argument."""

import numpy as np
import pytest

NOT_REAL = [np.array([[1j]]), np.array([["a"]]), np.array([[None]])]


def refuses(match, function, *args, **kwargs):
    """Assert that a call raises ValueError with a message that matches."""
    with pytest.raises(ValueError, match=match):
        function(*args, **kwargs)


def refuses_bad_tables(name, function):
    """Assert that `function(x)` rejects anything but an (N, D) table of real numbers, naming the argument."""
    for bad in (np.zeros((0, 3)), np.zeros((3, 0)), np.zeros(3), np.zeros((2, 2, 2)), 1.0, []):
        refuses(rf"{name} must be a table of shape \(N, D\).*its shape is", function, bad)
    for bad in NOT_REAL:
        refuses(f"{name} must contain real numbers, but its dtype is", function, bad)


def refuses_bad_images(name, function):
    """Assert that `function(x)` rejects anything but an (N, C, H, W) batch of real numbers, naming the argument."""
    for bad in (np.zeros((0, 3, 2, 2)), np.zeros((3, 2, 2)), np.zeros((1, 2, 2, 0)), 1.0):
        refuses(rf"{name} must be a batch of images of shape \(N, C, H, W\).*its shape is", function, bad)
    for bad in NOT_REAL:
        refuses(f"{name} must contain real numbers, but its dtype is", function, bad[None, None])


def refuses_bad_eps(function):
    """Assert that `function(eps)` rejects anything but a finite positive number."""
    for bad in (0, -1e-5, np.nan, np.inf, "1e-5", None, [1e-5], 1j):
        refuses("eps must be", function, bad)


def refuses_bad_counts(name, function):
    """Assert that `function(n)` rejects anything but a positive integer, naming the argument."""
    for bad in (0, -1, 1.5, "3", None):
        refuses(f"{name} must be a positive integer, but it is", function, bad)
