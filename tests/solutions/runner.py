"""Runs answers through the test cells of an assignment in this process: quick, and without any grading.

`python -m tests.solutions.runner [slug ...]` prints, for every function, how many of its known mistakes are caught and
named and how many right answers are accepted, and says what is wrong with the others. tests/grading/test_mistakes.py
does the same with the real grading command.
"""

import importlib
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from io import StringIO

import torch

from bngrader.authoring import browser_exercises
from bngrader.authoring.notebooks import read_solution
from bngrader.check import CheckFailed, hints_in
from bngrader.check.mistakes import known, source
from bngrader.course.folders import assignments
from tests.conftest import REPOSITORY

torch.set_num_threads(1)  # the networks are small: two threads wait for each other longer than they compute
SLUGS = assignments(REPOSITORY)
RIGHT, WRONG = "right", "wrong"


@dataclass(frozen=True)
class Answer:
    """One answer to one function: its source with that of the functions that it needs, and the hint that it earns."""

    function: str
    name: str
    sources: dict[str, str]
    hint: str | None = None

    @property
    def kind(self):
        return WRONG if self.hint else RIGHT


@cache
def cells(slug):
    """The cells of the solution, by their grade_id."""
    return {cell.id: cell for cell in read_solution(REPOSITORY / "solutions" / f"{slug}.py").cells}


def functions(slug):
    """What students write, by name, in the order of the notebook."""
    return [name for name, cell in cells(slug).items() if cell.metadata.nbgrader.solution and cell.cell_type == "code"]


def points(slug):
    """The points of each graded cell."""
    return {
        name: cell.metadata.nbgrader.points for name, cell in cells(slug).items() if "points" in cell.metadata.nbgrader
    }


def tests_of(slug, function):
    """The test cells of a function."""
    return browser_exercises.tests_of(function, functions(slug), points(slug))


def answers(slug, every_way=True):
    """Every answer that is kept: the unusual right ones, and the known mistakes, in every way to make them or one."""
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
    """What the test cells say that an answer fails, by grade_id."""
    said = {}
    for name in tests_of(slug, answer.function):
        namespace = {"__name__": "__main__"}
        with redirect_stdout(StringIO()):
            exec(cells(slug)["imports"].source, namespace)
            for function, text in answer.sources.items():
                exec(compile(text, f"<{function}>", "exec"), namespace)
            try:
                exec(compile(cells(slug)[name].source, f"<{name}>", "exec"), namespace)
            except CheckFailed as failure:
                said[name] = str(failure)
            except Exception as error:
                said[name] = f"{type(error).__name__}: {error}"
    return said


def complaint(answer, said):
    """What is wrong with what an answer was told, or None; `said` is what each failed cell said, a list of hints."""
    if answer.kind == RIGHT:
        return f"right, but fails {said}" if said else None
    hints = {hint for texts in said.values() for hint in texts[1:]}
    if not said:
        return "is not caught"
    if hints != {answer.hint}:
        return f"is told {hints or said}"
    return None


def table(results):
    """The lines of the table, from (answer, what it was told) for every answer."""
    lines = [f"{'function':<26}{'caught':>9}{'named':>9}{'accepted':>10}"]
    for function in dict.fromkeys(answer.function for answer, _ in results):
        mine = [(answer, said) for answer, said in results if answer.function == function]
        wrong = [(answer, said) for answer, said in mine if answer.kind == WRONG]
        right = [(answer, said) for answer, said in mine if answer.kind == RIGHT]
        counts = [
            f"{sum(bool(said) for _, said in wrong)}/{len(wrong)}",
            f"{sum(complaint(*one) is None for one in wrong)}/{len(wrong)}",
            f"{sum(not said for _, said in right)}/{len(right)}",
        ]
        lines.append(f"{function:<26}{counts[0]:>9}{counts[1]:>9}{counts[2]:>10}")
    return lines


def main():
    for slug in sys.argv[1:] or SLUGS:
        results = []
        for answer in answers(slug):
            said = {name: hints_in(text) for name, text in failures(slug, answer).items()}
            results.append((answer, said))
            if wrong := complaint(answer, said):
                print(f"{answer.function}, {answer.name}: {wrong}")
        print(*table(results), sep="\n")


if __name__ == "__main__":
    main()
