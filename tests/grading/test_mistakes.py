"""Tests that right answers earn all points in a real grading, and known mistakes lose points and are named.

To save time, the answers of an assignment are packed into few submissions, each with at most one answer to a function;
a function without an answer stays unwritten. `make test` grades a right and a wrong answer to each function; all others
are slow. Only the first way to make each mistake is graded; tests/solutions tries the others. The cells that train
networks with the student's functions are left out, because they take longer than all tests.
"""

import copy
import shutil

import jupytext
import nbformat
import pytest

from bngrader.authoring.notebooks import gradable, read_solution, released
from bngrader.authoring.validate import graded
from tests.conftest import REPOSITORY
from tests.solutions import runner
from tests.solutions.runner import SLUGS


def first_of_each_kind(slug):
    """Return the first right and the first wrong answer to each function."""
    first = {}
    for answer in runner.answers(slug, every_way=False):
        first.setdefault((answer.function, answer.kind), answer)
    return list(first.values())


def all_others(slug):
    few = first_of_each_kind(slug)
    return [answer for answer in runner.answers(slug, every_way=False) if answer not in few]


def pack(answers):
    """Distribute answers to submissions, so that no submission has two answers to one function."""
    submissions = []
    for answer in answers:
        for others in submissions:
            if all(answer.function != other.function for other in others):
                others.append(answer)
                break
        else:
            submissions.append([answer])
    return submissions


KEPT = (None, "imports", "digits")  # the names of the locked cells that run here; None is for all other cells


def make_course(slug, folder):
    """Make a course with one assignment, without its locked cells but the imports and the data, which tests use."""
    solution = jupytext.read(REPOSITORY / "solutions" / f"{slug}.py")
    solution.cells = [
        cell for cell in solution.cells if cell.cell_type != "code" or cell.metadata.get("locked") in KEPT
    ]
    (folder / "solutions").mkdir()
    jupytext.write(solution, folder / "solutions" / f"{slug}.py", fmt="py:percent")
    shutil.copy(REPOSITORY / "nbgrader_config.py", folder)
    return folder


def notebook(handed_out, sources):
    """Return the text of the student's notebook with other sources for some of its cells."""
    filled = copy.deepcopy(handed_out)
    for cell in filled.cells:
        if cell.id in sources:
            cell.source = sources[cell.id]
    return nbformat.writes(filled)


ROUNDS = [pytest.param((slug, first_of_each_kind), id=slug) for slug in SLUGS]
ROUNDS += [pytest.param((slug, all_others), id=f"{slug}-others", marks=pytest.mark.slow) for slug in SLUGS]


@pytest.fixture(scope="module", params=ROUNDS)
def records(request, tmp_path_factory):
    """Return the slug, the packed answers, and the records of these, the solution and the untouched notebook."""
    slug, chosen = request.param
    course = make_course(slug, tmp_path_factory.mktemp("course"))
    handed_out = released(gradable(read_solution(course / "solutions" / f"{slug}.py")))
    solution = {name: cell.source for name, cell in runner.cells(slug).items() if cell.metadata.nbgrader.solution}
    texts = {"solution": notebook(handed_out, solution), "stub": notebook(handed_out, {})}
    submissions = pack(chosen(slug))
    for number, answers in enumerate(submissions):
        # The right functions that an answer needs go into its own cell. They may repeat a function of an earlier
        # cell, whose wrong answer has been tested by then.
        sources = {answer.function: "\n\n".join(answer.sources.values()) for answer in answers}
        texts[f"answers-{number:02}"] = notebook(handed_out, sources)
    return slug, submissions, graded(course, slug, texts)


def test_the_solution_earns_all_points_and_the_stub_none(records):
    _, _, by_student = records
    scores = {
        student: [cell["score"] for cell in by_student[student]["cells"].values()] for student in ("solution", "stub")
    }
    assert sum(score or 0 for score in scores["solution"]) == 15
    assert set(scores["stub"]) == {0}


def test_every_answer_gets_its_score_and_hint(records, capsys):
    slug, submissions, by_student = records
    results = []
    for number, answers in enumerate(submissions):
        cells = by_student[f"answers-{number:02}"]["cells"]
        for answer in answers:
            mine = {name: cells[name] for name in runner.tests_of(slug, answer.function)}
            lost = {name: cell["hints"] for name, cell in mine.items() if cell["score"] < cell["max_score"]}
            results.append((answer, lost))
    with capsys.disabled():
        print("", slug, *runner.table(results), sep="\n")
    assert [f"{a.function}, {a.name}: {wrong}" for a, lost in results if (wrong := runner.complaint(a, lost))] == []
