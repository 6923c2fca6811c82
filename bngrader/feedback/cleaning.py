"""Text cells as clean HTML, which can neither run nor load anything in the reader's browser."""

import re
from collections.abc import Collection
from html import escape
from html.parser import HTMLParser

import nh3
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from bngrader.course.names import readable
from bngrader.feedback.formulas import mathml
from bngrader.feedback.links import is_allowed
from bngrader.feedback.pictures import NO_PICTURE, Pictures, ShownPictures

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
REL = "noopener noreferrer nofollow"
SIZE = re.compile(r"\d{1,4}|100%|\d{1,2}%")
MAX_TEXT_CHARACTERS = 20_000  # without pictures; parsing some texts takes quadratic time
BEGIN, END = "\ue000", "\ue001"  # around the number of a formula; Unicode reserves them for private use
MARK = re.compile(f"{BEGIN}(\\d{{1,5}}){END}")
# Control characters, half surrogate pairs, and characters that turn the direction of the text that follows. Prose in
# some languages needs other invisible characters, so these stay.
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Renderer(IPythonRenderer):
    """nbconvert's renderer without attachments and syntax highlighting, which keeps formulas out of the cleaning."""

    def __init__(self, formulas: bool) -> None:
        """Start without formulas; if `formulas` is false, all of them stay TeX."""
        super().__init__(escape=False, exclude_anchor_links=True)
        self.formulas: list[tuple[str, str]] = []  # the TeX and the MathML of each
        self._wanted = formulas

    def block_code(self, code: str, info: str | None = None) -> str:
        """Render code without highlighting, which would need classes."""
        return f"<pre><code>{escape(code)}</code></pre>\n"

    def inline_math(self, body: str) -> str:
        """Render a formula in a line."""
        return self._set_aside(body, "inline") or super().inline_math(body)

    def block_math(self, body: str) -> str:
        """Render a formula on a separate line."""
        return self._set_aside(body, "block") or super().block_math(body)

    def latex_environment(self, name: str, body: str) -> str:
        """Render an environment such as align."""
        tex = f"\\begin{{{name}}}{body}\\end{{{name}}}"
        return self._set_aside(tex, "block") or super().latex_environment(name, body)

    def _set_aside(self, tex: str, display: str) -> str:
        """Return a mark in place of a formula, or nothing if it stays TeX."""
        formula = mathml(tex, display) if self._wanted else ""
        if not formula:
            return ""
        self.formulas.append((tex, formula))
        return f"{BEGIN}{len(self.formulas) - 1}{END}"

    def _embed_image_or_attachment(self, src: str) -> str:
        return src


def render(
    source: str,
    pictures: Pictures,
    *,
    formulas: bool,
    headings: bool = True,
    own_hosts: Collection[str] = (),
) -> str:
    """Return the clean HTML of a Markdown text; a text that is too long or cannot be parsed is shown as it is.

    If `formulas`, its TeX becomes MathML. Without `headings`, paragraphs of the class `heading` replace them. No link
    leads to one of `own_hosts`, the hosts on which the reader is logged in.
    """
    renderer = Renderer(formulas)
    try:
        marked = source.replace(BEGIN, "").replace(END, "")
        html = MarkdownWithMath(renderer=renderer).render(marked) if len(source) <= MAX_TEXT_CHARACTERS else ""
    except Exception:  # a parser's limit or bug must not cost the student anything
        html = ""
    finish = _Finish(headings, renderer.formulas)
    finish.feed(_clean(html or f"<pre>{escape(source)}</pre>" if source.strip() else "", pictures, own_hosts))
    finish.close()
    return ACTING.sub(lambda found: readable(found[0]), "".join(finish.parts))


def _clean(html: str, pictures: Pictures, own_hosts: Collection[str]) -> str:
    """Return HTML with only harmless tags and attributes, and only the given pictures."""
    shown = ShownPictures(pictures)

    def allowed(tag: str, attribute: str, value: str) -> str | None:
        if attribute == "href":
            return value if is_allowed(value, own_hosts) else None
        if attribute == "src":
            return shown.source(value)
        if attribute in ("width", "height"):
            return value if SIZE.fullmatch(value) else None
        return value if attribute in ("alt", "rel") else None

    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=allowed,
        url_schemes=SCHEMES,
        link_rel=REL,
    )


class _Finish(HTMLParser):
    """Rewrites clean HTML: links open a new page, missing pictures become text, and formulas return."""

    def __init__(self, headings: bool, formulas: list[tuple[str, str]]) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._headings, self._formulas = headings, formulas

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Write a tag; a missing picture becomes text."""
        given = {name: MARK.sub(self._tex, value or "") for name, value in attrs}
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
        """Write text, with its formulas."""
        self.parts.append(MARK.sub(self._mathml, escape(data, quote=False)))

    def _tex(self, mark: re.Match[str]) -> str:
        return self._formula(mark)[0]

    def _mathml(self, mark: re.Match[str]) -> str:
        return self._formula(mark)[1]

    def _formula(self, mark: re.Match[str]) -> tuple[str, str]:
        """Return the formula of a mark, or nothing if a student wrote the mark."""
        number = int(mark[1])
        return self._formulas[number] if number < len(self._formulas) else ("", "")
