"""Tests that any submission becomes the assignment's notebook with its answers, or is refused with a reason."""

import contextlib
import copy
import json

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbgrader.utils import compute_checksum

from bngrader.authoring.notebooks import gradable, read_solution
from bngrader.submissions.parse import MAX_CELLS, MAX_PICTURES
from bngrader.submissions.repair import MAX_NEARBY, Unreadable, repair
from bngrader.submissions.written_answers import is_nearby
from tests.conftest import REPOSITORY
from tests.grading import sample_class

SOURCE = gradable(read_solution(REPOSITORY / "solutions" / "scaling.py"))
CELLS = {cell.id: cell for cell in SOURCE.cells}
WORDS = "My answer: naïve — “quoted”, 数学 and $\\mu$."
ANSWER = "def standardize(x):\n    return x  # é\n"
HELPER = "def helper():\n    return 1"


def handed_in():
    return sample_class.filled_in(standardize=ANSWER, written_new_patient=WORDS)


def index(notebook, name):
    return next(i for i, cell in enumerate(notebook.cells) if cell.id == name)


def repair_notebook(notebook):
    text = notebook if isinstance(notebook, str) else json.dumps(notebook)
    return repair(text.encode(), SOURCE)


def by_id(notebook):
    return {cell.metadata.nbgrader.grade_id: cell for cell in notebook.cells if "nbgrader" in cell.metadata}


def own_cells(notebook):
    return [cell.source for cell in notebook.cells if "nbgrader" not in cell.metadata]


def assert_whole(notebook, **answers):
    """Assert that a notebook has the source's cells, in order and with their metadata, and the given answers."""
    nbformat.validate(notebook)
    cells = by_id(notebook)
    assert list(cells) == list(CELLS)
    for name, cell in cells.items():
        assert cell.metadata == CELLS[name].metadata
        assert cell.cell_type == CELLS[name].cell_type
        if not cell.metadata.nbgrader.solution:
            assert cell.source == CELLS[name].source
    for name, text in answers.items():
        assert cells[name].source == text
    assert notebook.metadata == SOURCE.metadata


# Each function damages a notebook as students, editors and services do, but keeps its answers.


def drop_metadata(notebook):
    for cell in notebook.cells:
        cell.metadata = {}
    notebook.metadata = {}


def drop_metadata_and_ids(notebook):
    drop_metadata(notebook)
    for cell in notebook.cells:
        del cell["id"]
    notebook.nbformat_minor = 4


def change_types_of_metadata(notebook):
    for number, cell in enumerate(notebook.cells):
        cell.metadata = [None, 7, [], "x", {"nbgrader": 7}, {"nbgrader": {"grade_id": [1]}}][number % 6]
    notebook.metadata = [1]


def change_schema_versions(notebook):
    for number, cell in enumerate(notebook.cells):
        cell.metadata.nbgrader.schema_version = [1, 2, 99, "3", None][number % 5]
    del notebook.cells[0].metadata.nbgrader["schema_version"]


def add_tags_and_points(notebook):
    for cell in notebook.cells:
        cell.metadata.tags = ["skip-execution", "raises-exception"]
        cell.metadata.nbgrader.points = 100
        cell.metadata.nbgrader.locked = False


def rename_cells(notebook):
    for cell in notebook.cells:
        cell.metadata.nbgrader.grade_id += " (1)"


def reverse_cells(notebook):
    notebook.cells.reverse()


def delete_tests(notebook):
    notebook.cells = [cell for cell in notebook.cells if cell.metadata.nbgrader.solution]


def repeat_all_cells(notebook):
    notebook.cells += copy.deepcopy(notebook.cells)


def insert_stub_before_the_answer(notebook):
    stub = next(cell for cell in sample_class.handed_out().cells if cell.id == "standardize")
    notebook.cells.insert(index(notebook, "standardize"), stub)


def empty_tests(notebook):
    for cell in notebook.cells:
        if cell.metadata.nbgrader.locked and cell.cell_type == "code":
            cell.source = "pass"


def shorten_texts(notebook):
    for cell in notebook.cells:
        if cell.metadata.nbgrader.locked and cell.cell_type == "markdown":
            cell.source = cell.source[: len(cell.source) // 2].rpartition(" ")[0]


def swap_cell_types(notebook):
    for cell in notebook.cells:
        cell.cell_type = {"code": "markdown", "markdown": "code"}[cell.cell_type]


def drop_cell_types(notebook):
    for cell in notebook.cells:
        del cell["cell_type"]


def split_sources_into_lines(notebook):
    for cell in notebook.cells:
        cell.source = cell.source.splitlines(keepends=True)


def use_windows_line_ends(notebook):
    for cell in notebook.cells:
        cell.source = cell.source.replace("\n", "\r\n")


def change_language(notebook):
    notebook.metadata.kernelspec = {"name": "ir", "display_name": "R", "language": "R"}
    notebook.metadata.language_info = {"name": "R"}


def set_future_version(notebook):
    notebook.nbformat, notebook.nbformat_minor = 7, 3


def set_invalid_version(notebook):
    notebook.nbformat, notebook.nbformat_minor = "four", None


def drop_version(notebook):
    del notebook["nbformat"], notebook["nbformat_minor"]


def insert_invalid_cells(notebook):
    notebook.cells[0:0] = [None, 3, "cell", [], {}, {"cell_type": "code"}, {"cell_type": [], "source": {}}]


DAMAGES = [
    drop_metadata,
    drop_metadata_and_ids,
    change_types_of_metadata,
    change_schema_versions,
    add_tags_and_points,
    rename_cells,
    reverse_cells,
    delete_tests,
    repeat_all_cells,
    insert_stub_before_the_answer,
    empty_tests,
    shorten_texts,
    swap_cell_types,
    drop_cell_types,
    split_sources_into_lines,
    use_windows_line_ends,
    change_language,
    set_future_version,
    set_invalid_version,
    drop_version,
    insert_invalid_cells,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_answers_are_found_and_everything_else_is_restored(damage):
    notebook = handed_in()
    damage(notebook)
    result, _ = repair_notebook(notebook)
    assert_whole(result, standardize=ANSWER, written_new_patient=WORDS)
    assert own_cells(result) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_any_unicode_encoding_is_read(encoding):
    result, _ = repair(json.dumps(handed_in(), ensure_ascii=False).encode(encoding), SOURCE)
    assert_whole(result, standardize=ANSWER, written_new_patient=WORDS)


def test_windows_and_latin_1_encodings_are_read():
    notebook = sample_class.filled_in(standardize=ANSWER)
    text = json.dumps(notebook, ensure_ascii=False).encode("cp1252", "replace")
    assert_whole(repair(text, SOURCE)[0], standardize=ANSWER)


def test_a_notebook_of_version_3_is_read():
    old = nbformat.writes(nbformat.convert(handed_in(), 3), version=3)
    assert '"worksheets"' in old
    assert_whole(repair_notebook(old)[0], standardize=ANSWER, written_new_patient=WORDS)


def test_a_heading_of_version_3_has_at_most_six_hashes():
    cells = [{"cell_type": "heading", "level": level, "source": ["My\n", "answer"]} for level in (2, 99_999_999_999)]
    notebook = {"worksheets": [{"cells": [*cells, *handed_in().cells]}]}
    assert own_cells(repair_notebook(notebook)[0])[:2] == ["## My answer", "###### My answer"]


def test_only_the_plain_claims_of_a_cell_are_kept():
    notebook = json.loads(json.dumps(handed_in()))
    place = index(handed_in(), "standardize")
    notebook["cells"][place]["metadata"]["nbgrader"] |= {
        "points": 10**400,
        "grade": True,
        "other": [[]],
        "checksum": {},
    }
    assert_whole(repair_notebook(notebook)[0], standardize=ANSWER)


def test_text_near_a_question_is_searched_in_few_cells_only():
    notebook = handed_in()
    place = index(notebook, "written_new_patient")
    notebook.cells[place].source = ""
    code = [nbformat.v4.new_code_cell(f"x = {number}") for number in range(MAX_NEARBY + 1)]
    for count, marked in ((MAX_NEARBY, False), (MAX_NEARBY + 1, True)):
        notebook.cells[place + 1 :] = code[:count]
        cell = by_id(repair_notebook(notebook)[0])["written_new_patient"]
        assert is_nearby(cell) == marked


def test_text_after_the_notebook_is_ignored():
    assert_whole(repair_notebook("\n" + json.dumps(handed_in()) + "\0\0\0}")[0], standardize=ANSWER)


def test_text_that_no_file_can_hold_is_cleaned():
    text = json.dumps(handed_in()).replace("My answer", "My \\ud800answer\\u0000")
    assert_whole(repair_notebook(text)[0], written_new_patient=WORDS.replace("My ", "My ?"))


def test_added_cells_stay_where_they_were():
    notebook = handed_in()
    place = index(notebook, "standardize")
    notebook.cells.insert(place, nbformat.v4.new_code_cell(HELPER))
    notebook.cells.insert(place + 2, nbformat.v4.new_markdown_cell("a note"))
    notebook.cells.insert(0, nbformat.v4.new_code_cell("import this"))
    result, notes = repair_notebook(notebook)
    assert_whole(result, standardize=ANSWER)
    sources = [cell.source for cell in result.cells]
    at = sources.index(ANSWER)
    assert sources[0] == "import this"
    assert (sources[at - 1], sources[at + 1]) == (HELPER, "a note")
    assert notes == []


def test_a_definition_in_a_locked_cell_stays_before_it():
    notebook = handed_in()
    notebook.cells[index(notebook, "test_standardize")].source = HELPER
    result, notes = repair_notebook(notebook)
    assert own_cells(result) == [HELPER]
    sources = [cell.source for cell in result.cells]
    assert sources.index(HELPER) + 1 == sources.index(CELLS["test_standardize"].source)
    assert notes == ["changed, so the original was put back: test_standardize"]


def test_functions_written_in_one_cell_are_not_overwritten():
    notebook = handed_in()
    both = ANSWER + "\ndef min_max_scale(x):\n    return x\n"
    notebook.cells[index(notebook, "standardize")].source = both
    del notebook.cells[index(notebook, "min_max_scale")]
    result, notes = repair_notebook(notebook)
    assert_whole(result, standardize=both, min_max_scale="")
    assert notes == ["missing, so the original was put back: min_max_scale"]


def test_a_deleted_written_answer_is_restored_empty():
    notebook = handed_in()
    del notebook.cells[index(notebook, "written_new_patient")]
    assert_whole(repair_notebook(notebook)[0], written_new_patient="YOUR ANSWER HERE")


def test_copied_cells_are_told_apart_by_their_definitions():
    notebook = handed_in()
    copied = copy.deepcopy(notebook.cells[index(notebook, "standardize")])
    copied.id, copied.source = "copied", "def min_max_scale(x):\n    return 2 * x\n"
    place = index(notebook, "min_max_scale")
    notebook.cells[place] = copied
    assert_whole(repair_notebook(notebook)[0], standardize=ANSWER, min_max_scale=copied.source)


def test_pictures_in_a_written_answer_are_kept():
    notebook = handed_in()
    picture = {"plot.png": {"image/png": "aGk="}}
    notebook.cells[index(notebook, "written_new_patient")]["attachments"] = picture
    assert by_id(repair_notebook(notebook)[0])["written_new_patient"].attachments == picture


def test_notes_list_the_repairs():
    notebook = handed_in()
    change_language(notebook)
    del notebook.cells[index(notebook, "test_min_max_scale")]
    _, notes = repair_notebook(notebook)
    assert notes == [
        "missing, so the original was put back: test_min_max_scale",
        "made for the language R, but run as Python",
    ]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is not a notebook (it is empty). Ask for the file that JupyterLab saved."),
        (b" \n", "it is empty"),
        (b"Dear professor", "it is another kind of file"),
        (b"\x89PNG\r\n\x1a\n\0\0", "it is another kind of file"),
        (b"[1, 2]", "it is another kind of file"),
        (b"null", "it is another kind of file"),
        (b'{"a": 1}', "it is another kind of file"),
        (b'{"cells": 7}', "it is another kind of file"),
        (b'{"worksheets": [{"cells": [3]}], "metadata": {}}', "it is another kind of file"),
        (json.dumps(handed_in()).encode()[:20_000], "it is cut off or damaged"),
        (b"[" * 100_000, "it is another kind of file"),
        (b'{"cells": ' + b"[" * 100_000, "it is another kind of file"),
        (b'{"cells": [], "x": ' + b"9" * 10_000 + b"}", "it is another kind of file"),
        (b'{"cells": [' + b"{}," * MAX_CELLS + b"{}]}", "has 1,001 cells; at most 1,000 can be graded. Ask for"),
        (b'{"worksheets": [' + b'{"cells": [{}, {}]},' * 600 + b'{"cells": []}]}', "another kind of file"),
        (json.dumps({"cells": [{"attachments": {str(n): {} for n in range(MAX_PICTURES + 1)}}]}).encode(), "pictures"),
        (json.dumps({"cells": [{"source": "x" * 10_600_000}]}).encode(), "has 11 MB of text and pictures in its cells"),
        (b'{"cells": []}', "has none of the assignment's cells. Ask for the notebook that was handed out."),
    ],
)
def test_a_file_without_answers_is_refused_on_one_line(data, reason):
    with pytest.raises(Unreadable) as refused:
        repair(data, SOURCE)
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_value_anywhere_in_a_notebook_is_handled(data):
    notebook = json.loads(json.dumps(handed_in()))
    for _ in range(data.draw(st.integers(1, 4))):
        place, key = notebook, data.draw(st.sampled_from(sorted(notebook)))
        if key == "cells" and isinstance(notebook["cells"], list) and notebook["cells"]:
            place = data.draw(st.sampled_from(notebook["cells"]))
            key = data.draw(st.sampled_from(["cell_type", "id", "metadata", "source", "attachments"]))
        if isinstance(place, dict):
            place[key] = data.draw(JSON)
    with contextlib.suppress(Unreadable):
        result, notes = repair(json.dumps(notebook).encode(), SOURCE)
        assert_whole(result)
        assert all("\n" not in note for note in notes)


def test_removed_tests_are_dropped_but_student_edits_are_kept():
    notebook = handed_in()
    old = copy.deepcopy(notebook.cells[index(notebook, "test_standardize")])
    old.source, old.metadata.nbgrader.grade_id = "an_old_test()", "test_old"
    old.metadata.nbgrader.checksum = compute_checksum(old)
    changed = copy.deepcopy(old)
    changed.source, changed.metadata.nbgrader.grade_id = HELPER, "test_older"
    notebook.cells += [old, changed]
    repaired, _ = repair_notebook(notebook)
    assert_whole(repaired, standardize=ANSWER)
    assert own_cells(repaired) == [HELPER]
