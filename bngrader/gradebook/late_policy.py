"""The penalty for late work: a rule for nbgrader, and extensions for individual students."""

import math
from pathlib import Path
from typing import Any

from nbgrader.plugins import LateSubmissionPlugin
from traitlets import Bool, Dict, Float, Unicode, validate

from bngrader.course.csv_files import read
from bngrader.course.folders import CourseError

DAY_SECONDS = 86_400


class LatePolicy(LateSubmissionPlugin):
    """A penalty per day.

    In `nbgrader_config.py`:

    c.AssignLatePenalties.plugin_class = "bngrader.gradebook.late_policy.LatePolicy"
    c.LatePolicy.share_a_day = 0.1
    """

    grace_hours = Float(0, min=0, help="Hours after the due date without a penalty. After them, all hours count.").tag(
        config=True
    )
    points_a_day = Float(0, min=0, help="Points that each day costs.").tag(config=True)
    share_a_day = Float(0, min=0, max=1, help="Share of the score that each day costs; 0.1 is a tenth.").tag(
        config=True
    )
    whole_days = Bool(True, help="Whether a part of a day counts as a whole day.").tag(config=True)
    max_points = Float(math.inf, min=0, help="The most points that lateness costs.").tag(config=True)
    max_share = Float(1, min=0, max=1, help="The largest share of the score that lateness costs.").tag(config=True)
    zero_after_days = Float(math.inf, min=0, help="Days after which the whole score is lost.").tag(config=True)
    extensions = Dict(
        help="Extensions in days, for all assignments or by assignment: {'ada': 2, 'bob': {'scaling': 7}}."
    ).tag(config=True)
    extensions_file = Unicode(
        "extensions.csv",
        help="An optional CSV file with the columns student_id, days and assignment, which may be empty. "
        "A relative name is looked for in the course's folder.",
    ).tag(config=True)

    @validate("extensions")
    def _check_extensions(self, proposal: Any) -> dict[str, Any]:
        for student, days in proposal.value.items():
            for number in days.values() if isinstance(days, dict) else [days]:
                _require_days(number, f"c.LatePolicy.extensions, {student!r}")
        return dict(proposal.value)

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        """Return the points that a submission loses, or None if it loses none.

        Raises CourseError if the file with the extensions cannot be read.
        """
        seconds = total_seconds_late - self.extension(student_id) * DAY_SECONDS
        if score <= 0 or seconds <= self.grace_hours * 3600:
            return None
        if seconds > self.zero_after_days * DAY_SECONDS:
            return score
        days = math.ceil(seconds / DAY_SECONDS) if self.whole_days else seconds / DAY_SECONDS
        penalty = days * (self.points_a_day + self.share_a_day * score)
        return round(min(penalty, self.max_points, self.max_share * score), 2) or None

    def extension(self, student_id: str) -> float:
        """Return a student's extension in days: the longest in the configuration and the file for the assignment."""
        assignment = getattr(self.parent, "assignment_id", None)
        given = self.extensions.get(student_id, 0)
        from_config = given.get(assignment, 0) if isinstance(given, dict) else given
        from_file = read_extensions(self.path()).get(student_id, {})
        return float(max(from_config, from_file.get(assignment, 0), from_file.get("", 0)))

    def path(self) -> Path:
        """Return the path of the file with the extensions, which may not exist.

        Raises CourseError if its name is configured but there is no such file.
        """
        path = Path(self.config.CourseDirectory.get("root") or "") / self.extensions_file
        if self.extensions_file != type(self).extensions_file.default_value and not path.is_file():
            raise CourseError(f"c.LatePolicy.extensions_file: {path} does not exist; write it, or correct the name")
        return path


def read_extensions(path: Path) -> dict[str, dict[str | None, float]]:
    """Read days by student and assignment, "" for all assignments; without a file there are none.

    Raises CourseError, with the line, if something in the file is not a number of days.
    """
    if not path.is_file():
        return {}
    found: dict[str, dict[str | None, float]] = {}
    for line in read(path, ["student_id", "days"]):
        days = _require_days(line["days"], f"{path}, line {line.number}")
        given = found.setdefault(line["student_id"], {})
        given[line["assignment"]] = max(days, given.get(line["assignment"], 0))
    return found


def _require_days(value: Any, place: str) -> float:
    try:
        days = float(value)
    except (TypeError, ValueError):
        days = math.nan
    if not 0 <= days < math.inf:
        raise CourseError(f"{place}: {value!r} is not a number of days; write one such as 2 or 0.5")
    return days
