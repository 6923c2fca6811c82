"""`python -m benchmarks.similarity 100 300 1000`: time `bngrader similarity` on classes of these sizes.

A class is a random mix of the solution, unusual right answers and known mistakes for each function, with random lines
added, so that its answers resemble each other as much as real answers to short functions do.
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
from tests.answers.scaling import UNUSUAL
from tests.grading.sample_class import ASSIGNMENT, REPOSITORY, SOLUTION, filled_in

EXTRA = ("np.zeros(3)", "1 + 2 * 3", "np.sum(x ** 2) / 7", "sorted([3, 1, 2])[0]", "max(1, 2, 5) // 2")


def answers() -> dict[str, list[str]]:
    """Collect the known answers to each function."""
    solution = {cell.id: cell.source for cell in read_solution(SOLUTION).cells}
    return {
        name: [solution[name], *kinds.values(), *map(known(name).source_of, known(name).variants)]
        for name, kinds in UNUSUAL.items()
    }


def varied(code: str, rng: random.Random) -> str:
    """Add random lines after some lines of the code."""
    lines = []
    for line in code.splitlines():
        lines.append(line)
        if line.endswith(")") and line.startswith("    ") and rng.random() < 0.3:
            indent = line[: len(line) - len(line.lstrip())]
            lines.append(f"{indent}t{rng.randrange(99)} = {rng.choice(EXTRA)}")
    return "\n".join(lines)


def write_class(folder: Path, count: int) -> None:
    """Write the submissions of a class in nbgrader's layout."""
    rng, pool = random.Random(1), answers()
    for number in range(count):
        path = folder / "submitted" / f"s{number:04}" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
        path.parent.mkdir(parents=True)
        chosen = {name: varied(rng.choice(kinds), rng) for name, kinds in pool.items()}
        path.write_text(nbformat.writes(filled_in(**chosen)))


def seconds(folder: Path) -> list[float]:
    """Measure the seconds to fingerprint a class, and to compare it by default and as thoroughly as possible."""
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
    """Print a line for each class size."""
    table = Table("submissions", "read", "compare", "compare with --share 0.2 --common 1", title="seconds")
    for count in map(int, sys.argv[1:] or ["100"]):
        with tempfile.TemporaryDirectory() as folder:
            write_class(Path(folder), count)
            table.add_row(str(count), *(f"{taken:.1f}" for taken in seconds(Path(folder))))
    Console().print(table)


if __name__ == "__main__":
    main()
