"""Limits for Formgrader's own pages, so that nothing in a submission can act with the grader's rights.

Importing this module replaces parts of Formgrader's handlers in this process, even if it is already serving requests:
Formgrader reads a course's configuration, which imports this module, whenever somebody opens the course.
"""

import base64
import hashlib
import html
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from nbgrader.server_extensions.formgrader.base import BaseHandler
from nbgrader.server_extensions.formgrader.handlers import FormgraderHandler, SubmissionFilesHandler, SubmissionHandler
from tornado.web import HTTPError, authenticated

from bngrader.feedback.safe_html import OWN_HOSTS, SafeHTMLExporter

# A file that was handed in may be looked at, without scripts and in its own origin.
FILE_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
# The tables and forms of Formgrader connect to nothing but their own server.
PAGE_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self' 'unsafe-inline'",
        "style-src 'self' 'unsafe-inline'",
        "font-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
    ]
)
# Neither does the page of a submission. Its own scripts run, which are named by their hashes, and no others, whatever
# the notebook contains; and no picture is loaded, since even a request for one could log the grader out.
SUBMISSION_POLICY = PAGE_POLICY.replace("img-src 'self'", "img-src").replace("form-action 'self'", "form-action 'none'")
UNSAFE = "'unsafe-inline'"
# In that page, what the template wrote comes first.
NOTEBOOK = 'id="notebook-container"'
SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
ON_EVENT = re.compile(r'\son[a-z]+="([^"]*)"')
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


class _SubmissionPage:
    """The exporter of one request: it makes the page of a submission and its Content-Security-Policy."""

    def __init__(self, handler: Any) -> None:
        self._handler = handler

    def from_filename(self, filename: str, resources: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return the page of a notebook. nbgrader's template does not escape the texts in `resources`."""
        escaped = {name: html.escape(text) if isinstance(text, str) else text for name, text in resources.items()}
        exporter = _exporter(self._handler)
        page, made = exporter.from_filename(filename, resources=escaped | {OWN_HOSTS: _own_hosts(self._handler)})
        self._handler.set_header("Content-Security-Policy", submission_policy(page.partition(NOTEBOOK)[0]))
        return page, made


def submission_policy(template: str) -> str:
    """Return the policy of a submission's page that runs only the scripts in `template`, the part before the notebook.

    Handlers such as `onclick` are scripts too.
    """
    scripts = [*SCRIPT.findall(template), *map(html.unescape, ON_EVENT.findall(template))]
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    # No script of the page evaluates a text, but tools that drive a browser do, and only scripts that run already can.
    allowed = " ".join(["'unsafe-eval' 'unsafe-hashes'", *(f"'sha256-{digest}'" for digest in dict.fromkeys(hashes))])
    return SUBMISSION_POLICY.replace(f"script-src 'self' {UNSAFE}", f"script-src 'self' {allowed}")


def _own_hosts(handler: Any) -> list[str]:
    """Return the names under which the grader's browser may know this server."""
    given = [handler.request.host, *handler.request.headers.get_list("X-Forwarded-Host")]
    names = [urlsplit(f"//{one.strip()}").hostname for value in given for one in value.split(",")]
    return [name for name in names if name]


def _exporter(handler: Any) -> SafeHTMLExporter:
    """Return the exporter for pages of submissions, configured for the course that is open."""
    config = handler.settings["nbgrader_formgrader"].config
    held, exporter = handler.settings.get("bngrader_exporter", (None, None))
    if held != config:
        exporter = SafeHTMLExporter(config=config)
        handler.settings["bngrader_exporter"] = (config, exporter)
    return exporter


def _render(handler: Any, name: str, **values: Any) -> str:
    """Render another page of Formgrader, with every text escaped: names of students, and parts of the address."""
    pages = handler.settings.get("bngrader_pages")
    if pages is None:
        pages = handler.settings["bngrader_pages"] = handler.settings["nbgrader_jinja2_env"].overlay(autoescape=True)
    return str(pages.get_template(name).render(**values))


BaseHandler.content_security_policy = property(lambda handler: PAGE_POLICY)
SubmissionFilesHandler.content_security_policy = property(lambda handler: FILE_POLICY)
SubmissionHandler.content_security_policy = property(lambda handler: submission_policy(""))
FormgraderHandler.get = _open
BaseHandler.render = _render
BaseHandler.exporter = property(_SubmissionPage)
