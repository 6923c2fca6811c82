"""Times in UTC, as people and nbgrader write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bngrader.course.folders import CourseError

EXAMPLES = '"2026-03-01 12:00 UTC", "2026-03-01 12:00 +0100" or "2026-03-01 12:00 Europe/Berlin"'


def parse_time(text: str) -> datetime:
    """Read a time; return it in UTC as a naive datetime, as nbgrader expects. A time without a zone is in UTC.

    nbgrader's own reader is not used because it takes +0100 for a hundred seconds.

    Raises ValueError if the text is not a date and time in ISO order.
    """
    words = text.split()
    try:
        if len(words) == 3 and words[2][0] not in "+-":
            time = datetime.fromisoformat(" ".join(words[:2])).replace(tzinfo=ZoneInfo(words[2]))
        else:
            time = datetime.fromisoformat("".join([" ".join(words[:2]), *words[2:]]))
    except (KeyError, OSError) as error:  # no such time zone
        raise ValueError(f"{words[2]} is not a time zone") from error
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time


def require_time(text: str, place: str) -> datetime:
    """Read a time that a person wrote at `place`.

    Raises CourseError if it is not a time.
    """
    try:
        return parse_time(text)
    except (ValueError, OverflowError) as error:
        raise CourseError(f"{place}: {text!r} is not a time; write it as {EXAMPLES}") from error


def format_time(time: datetime) -> str:
    """Write a time as nbgrader reads it."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"
