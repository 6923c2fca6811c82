"""The HTML pages that bngrader writes: one file each, without scripts, for any browser and for print."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

from bngrader.course.names import readable

LIGHT, DARK = "default", "github-dark"  # styles of Pygments with enough contrast on the pages' backgrounds


def render(template: str, **values: Any) -> str:
    """Render a page from the template `<template>.html.j2` in this folder.

    Text in `values` is made readable and escaped, unless it is Markup.
    """
    return _environment().get_template(f"{template}.html.j2").render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bngrader"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        finalize=_finalized,
    )
    environment.filters["points"] = points
    environment.globals["code_styles"] = code_styles()
    return environment


def _finalized(value: object) -> object:
    return readable(value, lines=True) if isinstance(value, str) and not isinstance(value, Markup) else value


def points(value: float) -> str:
    """Format a number of points as a person would write it."""
    return f"{round(value, 2):g}"


def highlighted(source: str) -> Markup:
    """Return Python or IPython code with syntax highlighting."""
    return Markup(highlight(source, get_lexer_by_name("ipython3"), HtmlFormatter(nowrap=True)))


def code_styles() -> Markup:
    """Return the style sheet for `highlighted`, light and dark."""
    light, dark = ("\n".join(line for line in _rules(style) if line.startswith(".code .")) for style in (LIGHT, DARK))
    return Markup(f"{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}")


def _rules(style: str) -> list[str]:
    rules = HtmlFormatter(style=style).get_style_defs(".code").splitlines()
    return [rule.partition(" /*")[0] for rule in rules]
