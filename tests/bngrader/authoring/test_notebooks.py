"""Tests of the students' notebooks: made by nbgrader's generate step, and reproducible to the byte."""

import re
import shutil

import nbformat
import pytest

from bngrader.authoring.notebooks import read_solution, release, write_sources
from bngrader.course.folders import Course, CourseError, assignments, find_repository
from tests.conftest import REPOSITORY

COURSE = Course(REPOSITORY, REPOSITORY)
SLUGS = assignments(REPOSITORY)


@pytest.fixture(scope="module", params=SLUGS)
def slug(request):
    return request.param


@pytest.fixture(scope="module")
def students_notebook(slug, tmp_path_factory):
    return release(COURSE, slug, tmp_path_factory.mktemp("exercises"))


def test_the_committed_notebook_is_current(slug, students_notebook):
    committed = REPOSITORY / "exercises" / slug / f"{slug}.ipynb"
    assert committed.read_bytes() == students_notebook.read_bytes(), "run make exercises, and commit what it changes"


def test_another_run_gives_the_same_bytes(slug, students_notebook, tmp_path):
    shutil.rmtree(REPOSITORY / "_build" / "nbgrader", ignore_errors=True)
    assert release(COURSE, slug, tmp_path).read_bytes() == students_notebook.read_bytes()


def test_the_student_sees_no_solution_and_no_hidden_test(slug, students_notebook):
    notebook = nbformat.read(students_notebook, as_version=4)
    nbformat.validate(notebook)
    source = {cell.id: cell.source for cell in read_solution(REPOSITORY / "solutions" / f"{slug}.py").cells}
    for cell in notebook.cells:
        metadata = cell.metadata.nbgrader
        assert "HIDDEN" not in cell.source
        assert "SOLUTION" not in cell.source
        if metadata.solution:
            assert cell.source != source[cell.id]
            assert "raise NotImplementedError()" in cell.source or cell.source == "YOUR ANSWER HERE"
        if metadata.grade and not metadata.solution:
            assert source[cell.id].startswith(cell.source.rstrip())
    hidden = [name for name, text in source.items() if "### BEGIN HIDDEN TESTS" in text]
    functions = [c.id for c in notebook.cells if c.cell_type == "code" and c.metadata.nbgrader.solution]
    assert all(any(name.startswith(f"test_{function}") for name in hidden) for function in functions)


def test_only_answer_cells_can_be_edited(students_notebook):
    for cell in nbformat.read(students_notebook, as_version=4).cells:
        metadata = cell.metadata.nbgrader
        assert cell.id == metadata.grade_id
        assert metadata.locked != metadata.solution
        assert cell.metadata.get("editable", True) == metadata.solution


def test_the_notebook_says_what_each_function_may_use(slug, students_notebook):
    allowed = nbformat.read(students_notebook, as_version=4).metadata.allowed
    script = (REPOSITORY / "solutions" / f"{slug}.py").read_text()
    assert set(allowed) == set(re.findall(r'(?m)^# %% solution="(\w+)"', script))
    for function, names in allowed.items():
        more = f' allowed="{", ".join(names)}"' if names != ["numpy"] else ""
        assert f'# %% solution="{function}"{more}\n' in script


def test_points_add_up_to_15_for_tests_and_5_for_words(slug):
    cells = read_solution(REPOSITORY / "solutions" / f"{slug}.py").cells
    points = {cell.id: cell.metadata.nbgrader.points for cell in cells if "points" in cell.metadata.nbgrader}
    assert sum(points.values()) == 20
    assert sum(p for name, p in points.items() if name.startswith("written_")) == 5
    functions = [c.id for c in cells if c.metadata.nbgrader.solution and c.cell_type == "code"]
    for name in points:
        assert name.startswith("written_") or any(name.startswith(f"test_{f}") for f in functions)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("# %%\nx = 1\n", "one.py, cell 1: the first line of a cell must have exactly one of the keys .*it has none"),
        ('# %% locked="a" test="b"\nx = 1\n', "it has locked and test"),
        ('# %% test="test_f"\nassert f\n', "one.py, cell 1: a test cell must say how many points"),
    ],
)
def test_a_cell_without_a_kind_is_refused(tmp_path, cell, message):
    (tmp_path / "one.py").write_text(cell)
    with pytest.raises(CourseError, match=message):
        read_solution(tmp_path / "one.py")


def test_sources_are_rewritten_only_if_the_solution_is_newer(tmp_path):
    (tmp_path / "solutions").mkdir()
    solution = tmp_path / "solutions" / "one.py"
    solution.write_text('# %% locked="intro"\nx = 1\n')
    write_sources(tmp_path)
    made = tmp_path / "_build/nbgrader/source/one/one.ipynb"
    first = made.stat().st_mtime_ns
    write_sources(tmp_path)
    assert made.stat().st_mtime_ns == first
    solution.write_text('# %% locked="intro"\nx = 2\n')
    write_sources(tmp_path)
    assert "x = 2" in made.read_text()


def test_the_repository_is_found_from_anywhere(tmp_path):
    assert find_repository(REPOSITORY / "tests" / "grading") == REPOSITORY
    assert find_repository(tmp_path) == REPOSITORY
