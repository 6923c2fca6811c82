"""A sample class: submissions to the assignment on scaling, made from the student's notebook.

`python -m tests.grading.sample_class FOLDER` writes them as nbgrader expects them.
"""

import html
import json
import re
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from bngrader.authoring.notebooks import read_solution
from bngrader.check.mistakes import known
from tests.answers.scaling import UNUSUAL

REPOSITORY = Path(__file__).resolve().parents[2]
ASSIGNMENT = "scaling"
WRITTEN = "written_new_patient"
DOES_NOT_RUN = "def standardize(x):\n    return (x - mean) / std, mean, std\n"
SOLUTION = REPOSITORY / "solutions" / f"{ASSIGNMENT}.py"


def handed_out() -> NotebookNode:
    """Return the notebook that students get."""
    return nbformat.read(REPOSITORY / "exercises" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb", as_version=4)


def max_scores() -> dict[str, float]:
    """Return the points of each graded cell, by its `grade_id`."""
    return {cell.id: cell.metadata.nbgrader.points for cell in handed_out().cells if cell.metadata.nbgrader.grade}


def filled_in(**answers: str) -> NotebookNode:
    """Return the student's notebook with the solution's answers, except for those given by `grade_id`."""
    solution = {cell.id: cell.source for cell in read_solution(SOLUTION).cells}
    best, _ = solution[WRITTEN].split("**An answer worth 5 points.** ")[1].split("**An answer worth 3 points**")
    solution[WRITTEN] = best.strip()
    notebook = handed_out()
    for cell in notebook.cells:
        if cell.metadata.nbgrader.solution:
            cell.source = answers.get(cell.id, solution[cell.id])
    return notebook


def with_mistake(function: str, mistake: str) -> NotebookNode:
    """Return the student's notebook with a known mistake in one function and the rest solved."""
    about = known(function)
    wrong = {mistake.name: about.source_of(mistake) for mistake in about.variants}
    return filled_in(**{function: wrong[mistake]})


def _all_unusual(which: int) -> NotebookNode:
    return filled_in(**{function: list(kinds.values())[which] for function, kinds in UNUSUAL.items()})


def _without(*grade_ids: str) -> NotebookNode:
    notebook = filled_in()
    notebook.cells = [cell for cell in notebook.cells if cell.id not in grade_ids]
    return notebook


def _with_edited_test() -> NotebookNode:
    notebook = with_mistake("standardize", "divides by N - 1")
    for cell in notebook.cells:
        if cell.id == "test_standardize":
            cell.source = "pass"
    return notebook


def submissions() -> dict[str, str]:
    """Return the text of each student's submission."""
    notebooks = {
        "ada-right": filled_in(),
        "ben-unusual": _all_unusual(0),
        "cleo-unusual": _all_unusual(2),
        "dan-ddof": with_mistake("standardize", "divides by N - 1"),
        "eve-constant": with_mistake("standardize", "trusts the rounded mean"),
        "fay-in-place": with_mistake("standardize", "works in place"),
        "gus-integers": with_mistake("min_max_scale", "integers wrap around"),
        "hal-own-statistics": with_mistake("apply_standardize", "by the new data's own statistics"),
        "ida-inverse": with_mistake("inverse_standardize", "shifts before it scales"),
        "jon-does-not-run": filled_in(standardize=DOES_NOT_RUN),
        "kim-empty": handed_out(),
        "lou-edited-a-test": _with_edited_test(),
        "max-deleted-a-test": _without("test_min_max_scale"),
        "nia-no-words": filled_in(**{WRITTEN: "YOUR ANSWER HERE"}),
    }
    texts = {student: nbformat.writes(notebook) for student, notebook in notebooks.items()}
    texts["oto-not-a-notebook"] = "Dear professor, the dog ate my notebook.\n"
    texts["pia-another-notebook"] = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    return texts


def hidden_lines_in(text: str) -> list[str]:
    """Return the lines of hidden tests that appear in a feedback page or a notebook."""
    parts = re.findall("### BEGIN HIDDEN TESTS\n(.*?)### END HIDDEN TESTS", SOLUTION.read_text(), re.DOTALL)
    lines = {line.strip() for part in parts for line in part.splitlines()}
    released = "".join(cell.source for cell in handed_out().cells)
    plain = html.unescape(re.sub("<[^>]*>", "", text)).replace('\\"', '"')
    return [line for line in lines if len(line) > 20 and line not in released and line in plain]


def write(folder: Path) -> None:
    """Write the class to `folder`, in nbgrader's layout."""
    for student, text in submissions().items():
        path = folder / "submitted" / student / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
