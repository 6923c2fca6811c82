"""Times as people and nbgrader write them, in UTC."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bngrader.course.folders import CourseError

EXAMPLES = '"2026-03-01 12:00 UTC", "2026-03-01 12:00 +0100" or "2026-03-01 12:00 Europe/Berlin"'


def parse_time(text: str) -> datetime:
    """The time that a text says, in UTC and without saying so, as nbgrader wants it; without a zone it is in UTC.

    nbgrader's own reader takes +0100 for a hundred seconds.

    Raises ValueError if it is no date and time in the international order.
    """
    words = text.split()
    try:
        if len(words) == 3 and words[2][0] not in "+-":
            time = datetime.fromisoformat(" ".join(words[:2])).replace(tzinfo=ZoneInfo(words[2]))
        else:
            time = datetime.fromisoformat("".join([" ".join(words[:2]), *words[2:]]))
    except (KeyError, OSError) as error:  # no such time zone
        raise ValueError(f"{words[2]} is no time zone") from error
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time


def require_time(text: str, place: str) -> datetime:
    """The same, for a text that a person wrote at `place`.

    Raises CourseError.
    """
    try:
        return parse_time(text)
    except (ValueError, OverflowError) as error:
        raise CourseError(f"{place}: {text!r} is no time; write {EXAMPLES}") from error


def format_time(time: datetime) -> str:
    """The time as nbgrader reads it."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"
