"""The files of a new section, each with a small example that passes its tests."""

import keyword
import re
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from bngrader.authoring.notebooks import release
from bngrader.course.folders import Course, CourseError

# A template has the path of the file that it makes, with `slug` for the slug and the ending .j2.
TEMPLATES = "section"
ENDING = ".j2"


@dataclass(frozen=True)
class Insertion:
    """Lines to add to a file that all sections share: before the first line with `before` that follows `after`."""

    path: str
    after: str
    before: str
    text: str


INSERTIONS = (
    Insertion("_toc.yml", "  - caption: Chapters", "  - caption:", "      - file: book/{slug}\n"),
    Insertion("bnref/claims/__init__.py", "SECTIONS = {", '    "today":', '    "{slug}": "{title}",\n'),
    Insertion(
        "book/api.md",
        "## The sections",
        "## ",
        "### `bnref.{slug}`\n\n```{{eval-rst}}\n.. automodule:: bnref.{slug}\n   :members:\n```\n\n",
    ),
    Insertion(
        "bngrader/authoring/chapter_links.py",
        "HEADINGS = {",
        "}",
        '    "{slug}": {{\n'
        '        "{function}": "Centering moves the mean of a column to 0",\n'
        '        "written_{slug}": "Centered inputs make a linear model easier to fit",\n'
        "    }},\n",
    ),
)


def write_section(repository: Path, slug: str, title: str | None = None) -> list[Path]:
    """Write every file of a new section, and return their paths and the paths of the files with new lines.

    Raises CourseError if the slug cannot name a section, or if one of the files exists already.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", slug) or keyword.iskeyword(slug):
        rule = "a slug consists of lowercase letters, digits and underscores, starts with a letter and is not a keyword"
        raise CourseError(f"{slug!r} cannot be the slug of a section: {rule}")
    values = {
        "slug": slug,
        "title": title or slug.replace("_", " ").capitalize(),
        "function": f"example_{slug}",
        "anchor": slug.replace("_", "-"),
    }
    made = _rendered(repository, values)
    _require_new(repository, made)
    changed = {repository / one.path: _inserted(repository, one, values) for one in INSERTIONS}
    for path, text in {**made, **changed}.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return [*made, release(Course(repository, repository), slug, repository / "exercises"), *changed]


def _rendered(repository: Path, values: dict[str, str]) -> dict[Path, str]:
    """Return the text of each new file by its path."""
    environment = Environment(
        loader=PackageLoader("bngrader", f"templates/{TEMPLATES}"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # the files are Markdown, YAML and Python
    )
    names = environment.list_templates(filter_func=lambda name: name.endswith(ENDING))
    return {
        repository / name.removesuffix(ENDING).replace("slug", values["slug"]): environment.get_template(name).render(
            values
        )
        for name in names
    }


def _require_new(repository: Path, made: dict[Path, str]) -> None:
    """Raise CourseError, naming what exists, unless all files are new and no package has a new module's name."""
    places = [place for path in made for place in (path, path.with_suffix("")) if place.exists()]
    if places:
        names = ", ".join(str(place.relative_to(repository)) for place in places)
        raise CourseError(f"nothing was written, because these exist already: {names}. Choose another slug.")


def _inserted(repository: Path, insertion: Insertion, values: dict[str, str]) -> str:
    """Return the text of a shared file with the new section's lines."""
    lines = (repository / insertion.path).read_text().splitlines(keepends=True)
    started = False
    for number, line in enumerate(lines):
        if started and line.startswith(insertion.before):
            return "".join([*lines[:number], insertion.text.format(**values), *lines[number:]])
        started = started or line.startswith(insertion.after)
    raise CourseError(
        f"nothing was written: {insertion.path} has no line that starts with {insertion.before!r} after one "
        f"that starts with {insertion.after!r}"
    )
