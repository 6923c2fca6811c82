"""Text cells as clean HTML, which can neither run nor load anything in the reader's browser."""

import re
from collections.abc import Mapping
from html import escape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote

import nh3
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
TAGS = {
    *HEADINGS,
    *("a", "abbr", "b", "blockquote", "br", "code", "dd", "del", "details", "div", "dl", "dt", "em", "hr", "i", "img"),
    *("kbd", "li", "ol", "p", "pre", "s", "span", "strong", "sub", "summary", "sup"),
    *("table", "tbody", "td", "th", "thead", "tr", "u", "ul"),
}
# No class and no id: the page around the text finds its own buttons and fields by them.
ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt", "width", "height"}}
SCHEMES = {"http", "https", "mailto", "data", "attachment"}
# Browsers take `http:logout` for a path on the page's own server, so a host must follow.
LINK = re.compile(r"(?:https?://[\w\[]|mailto:|#)", re.IGNORECASE)
PICTURE = re.compile(r"data:(image/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/]+={0,2})")
PICTURE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
SIZE = re.compile(r"\d{1,4}%?")
MAX_PICTURE_CHARACTERS = 5_000_000  # of base64
MAX_TEXT_CHARACTERS = 20_000  # without pictures; parsing some texts takes quadratic time
NO_PICTURE = {  # the text in place of a picture
    "data:,missing": "its file is missing",
    "data:,other": "left out because it is not a PNG, JPEG, GIF or WebP picture",
    "data:,large": "left out because it is too large",
    "": "left out because it is from elsewhere",
}

Pictures = Mapping[str, Any]  # a cell's attachments: data in base64 by type, by name


def without_pictures(source: str, attachments: Pictures | None = None) -> tuple[str, Pictures]:
    """Move the pictures out of a text, so that no parser has to read megabytes of base64.

    Returns the text with names in place of the pictures, and the pictures together with the attachments.
    """
    pictures = dict(attachments or {})

    def name(match: re.Match[str]) -> str:
        name = f"in-the-text-{len(pictures)}"
        pictures[name] = {match[1]: match[2]}
        return f"attachment:{name}"

    return PICTURE.sub(name, source), pictures


class Renderer(IPythonRenderer):
    """nbconvert's renderer without attachments and syntax highlighting."""

    def __init__(self) -> None:
        super().__init__(escape=False, exclude_anchor_links=True)

    def block_code(self, code: str, info: str | None = None) -> str:
        """Render code without highlighting, which would need classes."""
        return f"<pre><code>{escape(code)}</code></pre>\n"

    def _embed_image_or_attachment(self, src: str) -> str:
        return src


def render(source: str, pictures: Pictures, renderer: Renderer, **settings: bool) -> str:
    """Return the clean HTML of a Markdown text; a text that is too long or cannot be parsed is shown as it is."""
    try:
        html = MarkdownWithMath(renderer=renderer).render(source) if len(source) <= MAX_TEXT_CHARACTERS else ""
    except Exception:  # a parser's limit or bug must not cost the student anything
        html = ""
    return clean(html or f"<pre>{escape(source)}</pre>" if source.strip() else "", pictures, **settings)


def clean(html: str, pictures: Pictures, *, headings: bool = True, typeset: bool = False) -> str:
    """Return HTML with only harmless tags and attributes, and only the given pictures.

    Without `headings`, paragraphs of the class `heading` replace them. Set `typeset` if MathJax will read the page.
    """

    def allowed(tag: str, attribute: str, value: str) -> str | None:
        if attribute == "href":
            return value if LINK.match(value) else None
        if attribute == "src":
            return _picture(value, pictures)
        if attribute in ("width", "height"):
            return value if SIZE.fullmatch(value) else None
        return value if attribute in ("alt", "rel") else None

    safe = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=allowed,
        url_schemes=SCHEMES,
        link_rel="noreferrer noopener",
    )
    finish = _Finish(headings, typeset)
    finish.feed(safe)
    finish.close()
    return "".join(finish.parts)


def _picture(source: str, pictures: Pictures) -> str | None:
    """Return a picture as a data URL, or a key of NO_PICTURE; None if the picture is somewhere else."""
    if source.startswith("attachment:"):
        name = source.removeprefix("attachment:")
        bundle = pictures.get(name) or pictures.get(unquote(name)) or {}
        mime = next((mime for mime in PICTURE_TYPES if isinstance(bundle.get(mime), str)), None)
        if mime is None:
            return "data:,other" if bundle else "data:,missing"
        source = f"data:{mime};base64,{''.join(bundle[mime].split())}"
    if len(source) > MAX_PICTURE_CHARACTERS:
        return "data:,large"
    return source if PICTURE.fullmatch(source) else None


class _Finish(HTMLParser):
    """Rewrites clean HTML so that links open a new page and missing pictures become text."""

    # MathJax 2 would turn these commands into links, attributes and requests. A zero-width space after the backslash
    # makes each a command that MathJax does not know, and looks the same.
    ACTS = re.compile(
        r"\\(?=(?:href|class|cssId|style|unicode|mmlToken|require|bbox|toggle|texttip|mathtip|tooltip|html\w*|data)"
        r"(?![A-Za-z]))"
    )

    def __init__(self, headings: bool, typeset: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._headings, self._typeset = headings, typeset

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Write a tag; a missing picture becomes text."""
        given = {name: value or "" for name, value in attrs}
        if tag == "img":
            given["alt"] = given.get("alt") or "A picture without a description"
            if reason := NO_PICTURE.get(given.get("src", "")):
                self.handle_data(f"[{given['alt']} ({reason})]")
                return
        elif tag == "a" and not given.get("href", "#").startswith("#"):
            given["target"] = "_blank"
        elif tag in HEADINGS and not self._headings:
            tag, given = "p", {"class": "heading"}
        attributes = "".join(f' {name}="{escape(value)}"' for name, value in given.items())
        self.parts.append(f"<{tag}{attributes}>")

    def handle_endtag(self, tag: str) -> None:
        """Write the end of a tag."""
        self.parts.append(f"</{'p' if tag in HEADINGS and not self._headings else tag}>")

    def handle_data(self, data: str) -> None:
        """Write text."""
        text = self.ACTS.sub("\\\\\u200b", data) if self._typeset else data
        self.parts.append(escape(text, quote=False))
