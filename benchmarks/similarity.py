"""`python -m benchmarks.similarity 100 300 1000`: what `bngrader similarity` costs on classes of these sizes.

A class is made of the solution, unusual right answers and known mistakes of each function, at random, with a line put
in here and there, so that its answers are as like each other as those to short functions are.
"""

import random
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import nbformat
from rich.console import Console
from rich.table import Table

from bngrader.authoring.notebooks import read_solution
from bngrader.check.mistakes import known
from bngrader.course.folders import Course
from bngrader.similarity.pairs import Comparison
from bngrader.similarity.texts import Corpus
from tests.grading.sample_class import ASSIGNMENT, REPOSITORY, SOLUTION, filled_in
from tests.solutions.answers_scaling import UNUSUAL

EXTRA = ("np.zeros(3)", "1 + 2 * 3", "np.sum(x ** 2) / 7", "sorted([3, 1, 2])[0]", "max(1, 2, 5) // 2")


def answers() -> dict[str, list[str]]:
    """The answers that there are to each function."""
    solution = {cell.id: cell.source for cell in read_solution(SOLUTION).cells}
    return {
        name: [solution[name], *kinds.values(), *map(known(name).source_of, known(name).variants)]
        for name, kinds in UNUSUAL.items()
    }


def varied(code: str, rng: random.Random) -> str:
    """The same code with a line of its own after some of its lines."""
    lines = []
    for line in code.splitlines():
        lines.append(line)
        if line.endswith(")") and line.startswith("    ") and rng.random() < 0.3:
            indent = line[: len(line) - len(line.lstrip())]
            lines.append(f"{indent}t{rng.randrange(99)} = {rng.choice(EXTRA)}")
    return "\n".join(lines)


def write_class(folder: Path, count: int) -> None:
    """Submissions of a class, in nbgrader's layout."""
    rng, pool = random.Random(1), answers()
    for number in range(count):
        path = folder / "submitted" / f"s{number:04}" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
        path.parent.mkdir(parents=True)
        chosen = {name: varied(rng.choice(kinds), rng) for name, kinds in pool.items()}
        path.write_text(nbformat.writes(filled_in(**chosen)))


def seconds(folder: Path) -> list[float]:
    """Seconds to read a class and take its fingerprints, to compare it by default, and as closely as can be asked."""
    marks = [time.perf_counter()]
    corpus = Corpus(Course(REPOSITORY, folder), ASSIGNMENT)
    comparison = Comparison(corpus.handed_out())
    for text in filter(None, [*corpus.submissions(), *corpus.of_the_course()]):
        comparison.add(text)
    marks.append(time.perf_counter())
    for share, common in ((0.8, 0.1), (0.2, 1.0)):
        comparison.pairs(share, common)
        marks.append(time.perf_counter())
    return [after - before for before, after in pairwise(marks)]


def main() -> None:
    """Print a line for each class."""
    table = Table("submissions", "read", "compare", "compare with --share 0.2 --common 1", title="seconds")
    for count in map(int, sys.argv[1:] or ["100"]):
        with tempfile.TemporaryDirectory() as folder:
            write_class(Path(folder), count)
            table.add_row(str(count), *(f"{taken:.1f}" for taken in seconds(Path(folder))))
    Console().print(table)


if __name__ == "__main__":
    main()
