"""`bngrader similarity`: find answers that resemble each other or the course's own code."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import track

from bngrader.commands.app import app, errors, say
from bngrader.commands.options import Slug, find_class, misnamed_folders, require_folder_of
from bngrader.course.files import write_file, write_json
from bngrader.course.folders import CourseError, require_assignment
from bngrader.similarity.hidden_code import HiddenCode, hidden_code
from bngrader.similarity.page import page
from bngrader.similarity.texts import Corpus

if TYPE_CHECKING:
    from bngrader.similarity.pairs import SimilarPair


@app.command("similarity")
def find_similar(
    assignment: Slug,
    course: Annotated[
        Path | None, typer.Option(help="The folder of the class, with submitted/.", show_default="the repository")
    ] = None,
    share: Annotated[
        float, typer.Option(min=0.05, max=1, help="The share of one text that must be in the other, from 0.05 to 1.")
    ] = 0.8,
    common: Annotated[
        float, typer.Option(min=0, max=1, help="Ignore passages that more than this share of the class has.")
    ] = 0.1,
    into: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The page to write.", show_default="similarity/<assignment>.html in the course"
        ),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write the pairs to this file.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an earlier page.")] = False,
) -> None:
    """Find answers that resemble each other or the course's own code, and answers that may hide code.

    The course's own code is the solution, the reference package and the chapter. Code that was handed out does not
    count, and neither do names, comments and spaces. The page shows the pairs side by side, and lists answers that run
    code from a text or contain long literals. The exit code is 0 if nothing was found, 1 if something was found or a
    folder was skipped because of its name, and 2 if the command could not run.

    Example: bngrader similarity scaling --course ~/classes/2026
    """
    the_course = find_class(course)
    require_assignment(the_course.repository, assignment)
    target = into or the_course.folder / "similarity" / f"{assignment}.html"
    if target.exists() and not force:
        raise CourseError(f"{target} already exists. Name another file with --into, or add --force")
    require_folder_of("--json", json_file)
    corpus = Corpus(the_course, assignment)
    pairs, hidden = _compare(corpus, share, common)
    write_file(target, page(corpus, pairs, hidden, share).encode())
    if json_file:
        write_json(json_file, [*(pair.as_dict() for pair in pairs), *(found.as_dict() for found in hidden)])
    unnamed = misnamed_folders(the_course, [assignment])
    counts = f"{corpus.readable} submissions compared, {len(corpus.unreadable)} not: {len(pairs)} pairs"
    say(*unnamed, *_lines(hidden), f"{counts}. {target}")
    raise typer.Exit(1 if pairs or hidden or unnamed else 0)


def _lines(hidden: list[HiddenCode]) -> list[str]:
    return [f"{found.student}: may hide code: {', '.join(dict(found.places))[:200]}" for found in hidden]


def _compare(corpus: Corpus, share: float, common: float) -> "tuple[list[SimilarPair], list[HiddenCode]]":
    from bngrader.similarity.pairs import (
        Comparison,
    )  # imported here, because copydetect imports matplotlib, which takes seconds

    comparison = Comparison(corpus.handed_out())
    hidden: list[HiddenCode] = []
    for text in track(corpus.submissions(), "reading", len(corpus.places), console=errors):
        if text:
            comparison.add(text)
            hidden += filter(None, [hidden_code(text)])
    for text in corpus.of_the_course():
        comparison.add(text)
    with errors.status("comparing"):
        return comparison.pairs(share, common), hidden
