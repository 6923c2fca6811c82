"""All feedback pages in one zip, for Moodle's "Upload multiple feedback files in a zip"."""

import io
import zipfile
from collections.abc import Callable

from bngrader.course.folders import Course, CourseError
from bngrader.course.names import readable
from bngrader.gradebook.late_work import opened_gradebook
from bngrader.lms.grade_files import Receipts, number_of
from bngrader.lms.grades import Row


def moodle_feedback(course: Course, rows: list[Row], receipts: Receipts, each: Callable[[], None]) -> bytes:
    """Make the zip, with `<name>_<participant>_assignsubmission_file_/<assignment>.html` for each graded student.

    Raises CourseError if a page is missing, or does not show the scores of the gradebook.
    """
    file = io.BytesIO()
    graded = [row for row in rows if row.score is not None and number_of("moodle", row, receipts)]
    assignment = rows[0].assignment if rows else ""
    with opened_gradebook(course, assignment) as gradebook, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as pages:
        stale = []
        for row in graded:
            page = gradebook.files(row.student.id).feedback
            if not page.is_file() or gradebook.outdated_feedback(row.student.id):
                stale.append(row.student.id)
            else:
                pages.write(page, f"{folder_name(row, receipts)}/{assignment}.html")
            each()
    if stale:
        raise CourseError(
            f"the feedback pages of {', '.join(stale)} are missing or older than their scores: "
            f"run bngrader grade {assignment} to bring them up to date"
        )
    return file.getvalue()


def folder_name(row: Row, receipts: Receipts) -> str:
    """Return Moodle's name for a student's folder, without the characters that separate its parts."""
    receipt = receipts.get(row.student.id)
    name = receipt.name if receipt and receipt.platform == "moodle" else row.student.name or row.student.id
    clean = "".join(" " if sign in '_/\\:*?"<>|' or readable(sign) != sign else sign for sign in name).strip(" .~")
    return f"{clean or 'Participant'}_{number_of('moodle', row, receipts)}_assignsubmission_file_"
