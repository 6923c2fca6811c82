"""Limits for Formgrader's own pages, so that nothing in a submission can act with the grader's rights.

Importing this module replaces parts of Formgrader's handlers in this process, even if it is already serving requests:
Formgrader reads a course's configuration, which imports this module, whenever somebody opens the course.
"""

from pathlib import Path
from typing import Any

from nbconvert.exporters import HTMLExporter
from nbgrader.server_extensions.formgrader.base import BaseHandler
from nbgrader.server_extensions.formgrader.handlers import FormgraderHandler, SubmissionFilesHandler, SubmissionHandler
from tornado.web import HTTPError, authenticated

from bngrader.feedback.safe_html import safe_markdown

# nbgrader's template loads MathJax from the first host, and asks the second for its newest version.
MATHJAX_HOST, MATHJAX_VERSION_HOST = "https://cdnjs.cloudflare.com", "https://api.cdnjs.com"
# A file that was handed in may be looked at, without scripts and in an origin of its own.
FILE_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
# The page of a submission may only connect to its own server and MathJax's, whatever the notebook contains.
SUBMISSION_POLICY = "; ".join(
    [
        "default-src 'none'",
        f"script-src 'self' 'unsafe-inline' 'unsafe-eval' {MATHJAX_HOST}",
        f"style-src 'self' 'unsafe-inline' {MATHJAX_HOST}",
        f"font-src 'self' data: {MATHJAX_HOST}",
        f"img-src data: {MATHJAX_HOST}",
        f"connect-src 'self' {MATHJAX_VERSION_HOST}",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
    ]
)
_open_formgrader = FormgraderHandler.get


@authenticated
def _open(handler: Any) -> Any:
    """Answer `/formgrader?path=`, which runs the configuration in that folder, unless a student may have put it there.

    Any link, even on another website, could ask for any folder.
    """
    formgrader = handler.settings["nbgrader_formgrader"]
    asked = handler.get_argument("path", "")
    if asked and not _may_hold_a_course(Path(asked), Path(formgrader.root_dir), formgrader.coursedir):
        raise HTTPError(
            403,
            f"Formgrader does not open {asked!r} as a course: students may have put files there. "
            "Open the course's own folder",
        )
    return _open_formgrader(handler)


def _may_hold_a_course(folder: Path, root: Path, course: Any) -> bool:
    """Return whether a folder is inside the server's root and not in a folder with students' files."""
    folder, root = folder.resolve(), root.resolve()
    directories = (course.submitted_directory, course.autograded_directory, course.feedback_directory, "downloaded")
    names = {Path(directory).name for directory in directories}
    return folder.is_relative_to(root) and names.isdisjoint(folder.relative_to(root).parts)


def _exporter(handler: Any) -> HTMLExporter:
    """Return the exporter for pages of submissions, configured for the course that is open."""
    config = handler.settings["nbgrader_formgrader"].config
    held, exporter = handler.settings.get("bngrader_exporter", (None, None))
    if held != config:
        exporter = HTMLExporter(config=config)
        exporter.register_filter("markdown2html", safe_markdown)
        handler.settings["bngrader_exporter"] = (config, exporter)
    return exporter


SubmissionFilesHandler.content_security_policy = property(lambda handler: FILE_POLICY)
SubmissionHandler.content_security_policy = property(lambda handler: SUBMISSION_POLICY)
FormgraderHandler.get = _open
BaseHandler.exporter = property(_exporter)
