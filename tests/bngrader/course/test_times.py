"""Tests that times are read in UTC from any zone, and never guessed."""

import pytest

from bngrader.course import times
from bngrader.course.folders import CourseError


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01 12:00",
        "2026-03-01 12:00 UTC",
        "2026-03-01 13:00 +0100",
        "2026-03-01 13:00:00.000 +01:00",
        "2026-03-01T13:00+01:00",
        "2026-03-01T12:00:00Z",
        "2026-03-01 13:00 Europe/Berlin",
        " 2026-03-01 07:00:00.5 America/New_York\n",
    ],
)
def test_a_time_is_in_utc(text):
    assert times.format_time(times.parse_time(text)) == "2026-03-01 12:00:00 UTC"


@pytest.mark.parametrize(
    "text", ["", "soon", "3/1/2026 12:00", "01.03.2026", "12:00", "2026-03-01 12:00 Atlantis", "1 2 3 4"]
)
def test_an_invalid_time_is_refused(text):
    with pytest.raises(CourseError, match=r"^--due: .* is not a time; write it as \"2026-03-01 12:00 UTC\""):
        times.require_time(text, "--due")
