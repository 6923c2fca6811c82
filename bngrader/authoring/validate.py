"""Checks that an assignment is ready to hand out, for `bngrader check-assignments`."""

import copy
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from bngrader.authoring.cell_rules import broken_rules
from bngrader.authoring.notebooks import read_solution, release
from bngrader.course.folders import CONFIG, Course, CourseError

AUTOMATIC_POINTS, WRITTEN_POINTS = 15, 5
MIN_SECRET_CHARACTERS = 12  # shorter lines, such as `return z`, may be anywhere
SECRETS = {"SOLUTION", "HIDDEN TESTS"}


def complaints(repository: Path, slug: str) -> Iterator[str]:
    """Yield a sentence for each fault of an assignment."""
    solution = read_solution(repository / "solutions" / f"{slug}.py")
    yield from wrong_ids_and_points(solution)
    yield from broken_rules(solution)
    with tempfile.TemporaryDirectory() as folder:
        try:
            released = release(Course(repository, repository), slug, Path(folder))
        except CourseError as error:
            yield f"its notebook cannot be generated: {error}"
            return
        committed = repository / "exercises" / slug / f"{slug}.ipynb"
        if not committed.is_file() or committed.read_bytes() != released.read_bytes():
            yield f"{committed.relative_to(repository)} does not match its solution: run bngrader exercises {slug}"
        stub = nbformat.read(released, as_version=4)
        yield from secrets_told(solution, stub)
        yield from wrong_scores(repository, slug, solution, stub)


def wrong_ids_and_points(solution: NotebookNode) -> Iterator[str]:
    """Yield duplicate ids, and points that do not add up."""
    for grade_id, count in Counter(cell.id for cell in solution.cells).items():
        if count > 1:
            yield f"the id {grade_id} appears {count} times"
    graded = [cell.metadata.nbgrader for cell in solution.cells if cell.metadata.nbgrader.grade]
    for kind, wanted in {"automatic": AUTOMATIC_POINTS, "written": WRITTEN_POINTS}.items():
        points = sum(cell.points for cell in graded if cell.solution == (kind == "written"))
        if points != wanted:
            yield f"the {kind} points add up to {points}, but must add up to {wanted}"


def secrets_told(solution: NotebookNode, released: NotebookNode) -> Iterator[str]:
    """Yield lines of a solution, a hidden test or a model answer that appear in the students' notebook."""
    public, secret = set(), set()
    for cell in solution.cells:
        cell_public, cell_secret = _public_and_secret(cell)
        public |= cell_public
        secret |= cell_secret
    text = nbformat.writes(released)
    told = [line for line in secret - public if json.dumps(line, ensure_ascii=False)[1:-1] in text]
    for line in sorted(told):
        yield f"the students' notebook contains a secret line: {line}"


def _public_and_secret(cell: NotebookNode) -> tuple[set[str], set[str]]:
    """Return the lines of a cell outside and inside nbgrader's marks, without indentation and without short lines."""
    public, secret = set[str](), set[str]()
    hidden = cell.cell_type == "markdown" and cell.metadata.nbgrader.solution
    for line in map(str.strip, cell.source.splitlines()):
        if line in {f"### BEGIN {name}" for name in SECRETS}:
            hidden = True
        (secret if hidden else public).update([line] if len(line) >= MIN_SECRET_CHARACTERS else [])
        if line in {f"### END {name}" for name in SECRETS}:
            hidden = False
    return public, secret


def wrong_scores(repository: Path, slug: str, solution: NotebookNode, stub: NotebookNode) -> Iterator[str]:
    """Yield each cell where real grading gives the solution too few points, or the untouched notebook any."""
    solved = {cell.id: cell.source for cell in solution.cells}
    filled = copy.deepcopy(stub)
    for cell in filled.cells:
        if cell.metadata.nbgrader.solution:
            cell.source = solved[cell.id]
    records = graded(repository, slug, {"solution": nbformat.writes(filled), "stub": nbformat.writes(stub)})
    for student, record in records.items():
        if record["error"]:
            yield f"the {student} cannot be graded: {record['error']}"
        for name, cell in record["cells"].items():
            wanted = 0 if student == "stub" else cell["max_score"]
            if cell["score"] not in (None, wanted):
                yield f"the {student} gets {cell['score']:g} of {cell['max_score']:g} in {name}: {cell['hints']}"


def graded(repository: Path, slug: str, submissions: dict[str, str]) -> dict[str, Any]:
    """Grade submissions (texts of notebooks by student) with the real command, and return its records by student.

    Raises CourseError, with the command's message, if it fails.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # With a secret seed, each run would try other inputs.
        (folder / CONFIG).write_text("c = get_config()\nc.Engine.hidden_seed = 0\n")
        for student, text in submissions.items():
            path = folder / "submitted" / student / slug / f"{slug}.ipynb"
            path.parent.mkdir(parents=True)
            path.write_text(text)
        scores = folder / "scores.json"
        command = [sys.executable, "-m", "bngrader", "grade", slug, "--course", str(folder), "--json", str(scores)]
        ran = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            raise CourseError(f"bngrader grade {slug} failed: {ran.stderr.strip()}")
        return {record["student"]: record for record in json.loads(scores.read_text())}
