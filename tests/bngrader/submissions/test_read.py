"""Tests that submissions are found, also under the wrong name, and are safe to read."""

import os

import pytest

from bngrader.submissions import read as reading
from bngrader.submissions.read import Unreadable, handed_in, read_submission


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "submitted" / "ada" / "scaling"
    folder.mkdir(parents=True)
    return folder


def read(place):
    return read_submission(handed_in(place.parents[2], "scaling")["ada"], "scaling")


def refusal(place):
    with pytest.raises(Unreadable) as refused:
        read(place)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("name", ["scaling.ipynb", "Scaling (1).ipynb", "x.IPYNB", "scaling.ipynb.txt", "s.ipynb.json"])
def test_the_only_notebook_counts_under_any_name(place, name):
    (place / name).write_bytes(b"it")
    (place / "data.csv").write_bytes(b"1,2")
    (place / ".ipynb_checkpoints").mkdir()
    assert read(place) == b"it"


def test_the_assignments_name_decides_among_several_notebooks(place):
    (place / "scaling.ipynb").write_bytes(b"it")
    (place / "old.ipynb").write_bytes(b"not it")
    assert read(place) == b"it"


@pytest.mark.parametrize("name", ["Scaling", "scaling.ipynb", "SCALING.ipynb.txt"])
def test_a_folder_or_file_of_nearly_the_right_name_counts(place, name):
    place.rmdir()
    other = place.parent / name
    if "." not in name:
        other.mkdir()
        other = other / "scaling.ipynb"
    other.write_bytes(b"it")
    assert read(place) == b"it"


def test_a_folder_with_several_or_no_notebooks_is_refused(place):
    assert refusal(place) == "submitted/ada/scaling/scaling.ipynb is missing; the folder contains nothing. " + (
        "Ask for the notebook."
    )
    (place / "a.ipynb").touch()
    (place / "b.ipynb").touch()
    assert "the folder contains a.ipynb, b.ipynb. Ask which one counts" in refusal(place)


def test_anything_but_a_regular_file_is_refused_by_kind(place, tmp_path):
    notebook = place / "scaling.ipynb"
    (tmp_path / "secret").write_bytes(b"secret")
    notebook.symlink_to(tmp_path / "secret")
    assert "is a symbolic link, not a file" in refusal(place)
    notebook.unlink()
    notebook.mkdir()
    assert "is a folder, not a file" in refusal(place)
    notebook.rmdir()
    os.mkfifo(notebook)
    assert "is a pipe, not a file" in refusal(place)


def test_a_link_in_place_of_the_folder_is_refused(place, tmp_path):
    place.rmdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "scaling.ipynb").write_bytes(b"another's")
    place.symlink_to(tmp_path / "elsewhere")
    assert refusal(place).startswith("submitted/ada/scaling is a symbolic link, not a folder.")


def test_a_huge_file_is_refused_without_reading_all_of_it(place):
    with (place / "scaling.ipynb").open("wb") as file:
        file.truncate(200_000_000_000)
    assert "scaling.ipynb has 200000 MB, more than the limit of 50 MB" in refusal(place)
    assert reading.MAX_NOTEBOOK_BYTES == 50_000_000


def test_students_with_submissions_are_listed(place):
    (place.parents[1] / "bob" / "other").mkdir(parents=True)
    (place.parents[1] / "roster.csv").touch()
    for odd in ["a,b", "=1+1", "Zoë O'Neil", "s[1]", "*"]:
        (place.parents[1] / odd / "scaling").mkdir(parents=True)
    assert list(handed_in(place.parents[2], "scaling")) == sorted(["ada", "a,b", "=1+1", "Zoë O'Neil", "s[1]", "*"])
