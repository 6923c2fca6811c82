"""`bngrader new`: the files of a new section."""

from typing import Annotated

import typer

from bngrader.authoring.new_section import write_section
from bngrader.commands.app import app, say
from bngrader.course.folders import find_repository

TO_DO = """
Each file has an example that passes its tests. Replace the examples in this order:

1. bnref/{slug}.py and tests/bnref/test_{slug}.py: the functions that the chapter teaches.
2. bnref/experiments/{slug}.py, bnref/figures/{slug}.py and their tests: what the chapter shows.
3. book/{slug}.md, with its place in _toc.yml; book/index.md: introduce the chapter.
4. bnref/claims/{slug}.py: the published claims that the experiments test.
5. tests/book/statements/{slug}.yaml: where the chapter teaches each statement of the lecture notes.
6. solutions/{slug}.py: the assignment. Give each function 2 to 6 points, 15 in all; the example has all 15.
7. bngrader/check/mistakes/{slug}/: one file for each function, with at least six mistakes.
8. tests/answers/{slug}.py: at least four right but unusual answers to each function.
9. bngrader/authoring/chapter_links.py: the heading that each function and the question are about.
10. bngrader exercises {slug}: run this after every change of the assignment.

CONTRIBUTING.md says more about each step. Check your work as you go along:

    pytest tests/test_house.py
    python -m tests.solutions.runner {slug}
    python -m prose book/{slug}.md
"""


@app.command("new")
def new_section(
    slug: Annotated[str, typer.Argument(help="The slug of the new section, such as dropout.")],
    title: Annotated[
        str | None, typer.Option(help="The title of the chapter.", show_default="made from the slug")
    ] = None,
) -> None:
    """Write every file that a new section needs, each with a small example, and list what to fill in.

    No existing file is overwritten; four that all sections share get new lines.

    Example: bngrader new dropout
    """
    repository = find_repository()
    for path in write_section(repository, slug, title):
        say(path.relative_to(repository))
    say(*TO_DO.format(slug=slug).rstrip().splitlines())
