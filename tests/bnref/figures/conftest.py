"""What the tests of the figures share."""

import matplotlib.pyplot as plt
import pytest


@pytest.fixture
def axes(request):
    """As many axes beside each other as the test's module says under PANELS."""
    plt.switch_backend("agg")
    fig, axes = plt.subplots(1, request.module.PANELS)
    yield axes
    plt.close(fig)
