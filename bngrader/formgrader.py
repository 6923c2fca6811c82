"""Formgrader's own pages with limits: nothing that a student handed in acts with the rights of the person who grades.

Importing this module sets them in this process, also where Formgrader has begun to answer: it reads the configuration
of a course whenever somebody opens one.
"""

from pathlib import Path
from typing import Any

from nbconvert.exporters import HTMLExporter
from nbgrader.server_extensions.formgrader.base import BaseHandler
from nbgrader.server_extensions.formgrader.handlers import FormgraderHandler, SubmissionFilesHandler, SubmissionHandler
from tornado.web import HTTPError, authenticated

from bngrader.feedback.safe_html import safe_markdown

MATHJAX, ITS_VERSION = "https://cdnjs.cloudflare.com", "https://api.cdnjs.com"  # nbgrader's template loads it there
# A file that was handed in: to look at, without scripts and in an origin of its own.
OF_A_FILE = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
# A submission: the page asks its own server and MathJax's, whatever the notebook in it says.
OF_A_SUBMISSION = "; ".join(
    [
        "default-src 'none'",
        f"script-src 'self' 'unsafe-inline' 'unsafe-eval' {MATHJAX}",
        f"style-src 'self' 'unsafe-inline' {MATHJAX}",
        f"font-src 'self' data: {MATHJAX}",
        f"img-src data: {MATHJAX}",
        f"connect-src 'self' {ITS_VERSION}",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
    ]
)
_open_formgrader = FormgraderHandler.get


@authenticated
def _open(handler: Any) -> Any:
    """Answer `/formgrader?path=`, which runs the configuration in that folder, unless a student may have put it there.

    A link could ask for any folder, on a page elsewhere too.
    """
    formgrader = handler.settings["nbgrader_formgrader"]
    asked = handler.get_argument("path", "")
    if asked and not _may_hold_a_course(Path(asked), Path(formgrader.root_dir), formgrader.coursedir):
        raise HTTPError(
            403,
            f"Formgrader opens no course in {asked!r}: students may have put files there. Open the course's own folder",
        )
    return _open_formgrader(handler)


def _may_hold_a_course(folder: Path, root: Path, course: Any) -> bool:
    """Tell whether a folder is among the server's own files, and not where submissions are collected or graded."""
    folder, root = folder.resolve(), root.resolve()
    directories = (course.submitted_directory, course.autograded_directory, course.feedback_directory, "downloaded")
    theirs = {Path(directory).name for directory in directories}
    return folder.is_relative_to(root) and theirs.isdisjoint(folder.relative_to(root).parts)


def _exporter(handler: Any) -> HTMLExporter:
    """Return what makes the page of a submission, by the configuration of the course that is open."""
    config = handler.settings["nbgrader_formgrader"].config
    held, exporter = handler.settings.get("bngrader_exporter", (None, None))
    if held != config:
        exporter = HTMLExporter(config=config)
        exporter.register_filter("markdown2html", safe_markdown)
        handler.settings["bngrader_exporter"] = (config, exporter)
    return exporter


SubmissionFilesHandler.content_security_policy = property(lambda handler: OF_A_FILE)
SubmissionHandler.content_security_policy = property(lambda handler: OF_A_SUBMISSION)
FormgraderHandler.get = _open
BaseHandler.exporter = property(_exporter)
