"""A quick runner that tries answers on an assignment's test cells in this process, without grading.

`python -m tests.solutions.runner [slug ...]` prints, for every function, how many known mistakes are caught and named,
how many right answers are accepted, and what is wrong with the others. tests/grading/test_mistakes.py
does the same with the real grading command.
"""

import importlib
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from io import StringIO
from itertools import takewhile

import torch

from bngrader.authoring import browser_exercises
from bngrader.authoring.notebooks import read_solution
from bngrader.check import CheckFailed, hints_in
from bngrader.check.mistakes import known, source
from bngrader.course.folders import assignments
from tests.conftest import REPOSITORY

torch.set_num_threads(1)  # in such small networks, two threads wait for each other longer than they compute
SLUGS = assignments(REPOSITORY)
RIGHT, WRONG = "right", "wrong"


@dataclass(frozen=True)
class Answer:
    """An answer to a function: its source, that of the functions it needs, and the hint for its mistake."""

    function: str
    name: str
    sources: dict[str, str]
    hint: str | None = None

    @property
    def kind(self):
        return WRONG if self.hint else RIGHT


@cache
def cells(slug):
    """Return the cells of the solution by their grade_id."""
    return {cell.id: cell for cell in read_solution(REPOSITORY / "solutions" / f"{slug}.py").cells}


@cache
def before_answers(slug):
    """Return the code of the locked cells above the first answer: imports, data and helpers of the tests."""
    code = [cell for cell in cells(slug).values() if cell.cell_type == "code"]
    return [cell.source for cell in takewhile(lambda cell: not cell.metadata.nbgrader.solution, code)]


def functions(slug):
    """Return the names of the functions and classes that students write, in the order of the notebook."""
    return [name for name, cell in cells(slug).items() if cell.metadata.nbgrader.solution and cell.cell_type == "code"]


def points(slug):
    """Return the points of each graded cell."""
    return {
        name: cell.metadata.nbgrader.points for name, cell in cells(slug).items() if "points" in cell.metadata.nbgrader
    }


def tests_of(slug, function):
    """Return the names of a function's test cells."""
    return browser_exercises.tests_of(function, functions(slug), points(slug))


def answers(slug, every_way=True):
    """Yield the unusual right answers and the known mistakes, each mistake in every way to make it or in one."""
    unusual = importlib.import_module(f"tests.answers.{slug}").UNUSUAL
    for function in functions(slug):
        about = known(function)
        needed = {needed.__name__: source(needed) for needed in about.needs}
        for name, text in unusual[function].items():
            yield Answer(function, name, {**needed, function: text})
        first_ways = {mistake.name for mistake in about.mistakes}
        for mistake in about.variants:
            if every_way or mistake.name in first_ways:
                yield Answer(function, mistake.name, {**needed, function: about.source_of(mistake)}, mistake.hint)


def failures(slug, answer):
    """Return the error of each test cell that an answer fails, by grade_id."""
    found = {}
    for name in tests_of(slug, answer.function):
        namespace = {"__name__": "__main__"}
        with redirect_stdout(StringIO()):
            for source in before_answers(slug):
                exec(source, namespace)
            for function, text in answer.sources.items():
                exec(compile(text, f"<{function}>", "exec"), namespace)
            try:
                exec(compile(cells(slug)[name].source, f"<{name}>", "exec"), namespace)
            except CheckFailed as failure:
                found[name] = str(failure)
            except Exception as error:
                found[name] = f"{type(error).__name__}: {error}"
    return found


def complaint(answer, found):
    """Return what is wrong with an answer's results, or None; `found` has a list of hints for each failed cell."""
    if answer.kind == RIGHT:
        return f"right, but fails {found}" if found else None
    hints = {hint for texts in found.values() for hint in texts[1:]}
    if not found:
        return "is not caught"
    if hints != {answer.hint}:
        return f"gets {hints or found} instead of its hint"
    return None


def table(results):
    """Return the lines of the table, given each answer with the hints of its failed cells."""
    lines = [f"{'function':<26}{'caught':>9}{'named':>9}{'accepted':>10}"]
    for function in dict.fromkeys(answer.function for answer, _ in results):
        mine = [(answer, found) for answer, found in results if answer.function == function]
        wrong = [(answer, found) for answer, found in mine if answer.kind == WRONG]
        right = [(answer, found) for answer, found in mine if answer.kind == RIGHT]
        counts = [
            f"{sum(bool(found) for _, found in wrong)}/{len(wrong)}",
            f"{sum(complaint(*one) is None for one in wrong)}/{len(wrong)}",
            f"{sum(not found for _, found in right)}/{len(right)}",
        ]
        lines.append(f"{function:<26}{counts[0]:>9}{counts[1]:>9}{counts[2]:>10}")
    return lines


def main():
    for slug in sys.argv[1:] or SLUGS:
        results = []
        for answer in answers(slug):
            found = {name: hints_in(text) for name, text in failures(slug, answer).items()}
            results.append((answer, found))
            if wrong := complaint(answer, found):
                print(f"{answer.function}, {answer.name}: {wrong}")
        print(*table(results), sep="\n")


if __name__ == "__main__":
    main()
