"""Settings that depend on where the book is published, from the environment of the build.

`BNCOURSE_URL` is the address of the published book, for canonical links and for the preview cards of other sites.
Without it, pages state no address of their own and have no cards, because the cards' images need an address.
`BNCOURSE_REPOSITORY`, as `owner/name` on GitHub, adds buttons that open the source of a chapter and that launch it on
Binder, and a link at the foot of every page for reporting a mistake. `BNCOURSE_HUB`, the address of a JupyterHub, adds
a button that launches a chapter there.
"""

import logging
import os
import re
from html import escape
from typing import Any
from urllib.parse import urlencode

from sphinx.application import Sphinx
from sphinx.config import Config

ADDRESS = re.compile(r'<meta property="og:url" content="[^"]*" />\n?')


def _publish(app: Sphinx, config: Config) -> None:
    address = os.environ.get("BNCOURSE_URL")
    if address:
        config.html_baseurl = config.ogp_site_url = address.rstrip("/") + "/"
    else:
        config.ogp_social_cards = {"enable": False}
        # The extension for page descriptions also writes an address, which would be relative without a site.
        app.connect("html-page-context", _remove_address, priority=900)
    repository = os.environ.get("BNCOURSE_REPOSITORY")
    if repository:
        config.html_theme_options |= {
            "repository_url": f"https://github.com/{repository}",
            "repository_branch": "main",
            "use_repository_button": True,
            "launch_buttons": _launch_buttons(os.environ.get("BNCOURSE_HUB")),
        }
        app.connect("html-page-context", _offer_report, priority=900)


def _remove_address(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    context["metatags"] = ADDRESS.sub("", context.get("metatags") or "")


def _offer_report(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Link to a new issue that names the page. `mistake.md` is the template in `.github/ISSUE_TEMPLATE`."""
    asked = urlencode({"template": "mistake.md", "title": f"A mistake on the page {page}"})
    address = escape(f"{app.config.html_theme_options['repository_url']}/issues/new?{asked}")
    context["theme_extra_footer"] = f'<p><a class="report" href="{address}">Report a mistake on this page</a></p>'


def _launch_buttons(hub: str | None) -> dict[str, str]:
    buttons = {"notebook_interface": "jupyterlab", "binderhub_url": "https://mybinder.org"}
    return buttons | ({"jupyterhub_url": hub} if hub else {})


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension, which runs before the theme and the cards read the configuration."""
    # The cards' font has no bold face, and matplotlib would log that for every card.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    app.connect("config-inited", _publish, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
