"""Fixtures for the tests of figures."""

import matplotlib.pyplot as plt
import pytest


@pytest.fixture
def axes(request):
    """Axes in a row, as many as the test's module sets in PANELS."""
    plt.switch_backend("agg")
    fig, axes = plt.subplots(1, request.module.PANELS)
    yield axes
    plt.close(fig)
