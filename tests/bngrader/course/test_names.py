"""Tests that any name of a file or folder can be shown, and belongs to the right student or to nobody."""

import os
import subprocess
import unicodedata
from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bngrader.course.names import file_name, id_fault, listed, readable
from bngrader.lms.archive import Entry
from bngrader.lms.upload_names import TWO_READINGS, Upload, parse_names
from bngrader.submissions.read import handed_in, misnamed

ACTS = {"Cc", "Cf", "Cs", "Zl", "Zp"}
any_text = st.text(st.characters(codec=None, exclude_characters="\0/\\"), max_size=12)
pieces = st.sampled_from(
    ["_2_assignsubmission_file_", "_14_15_", "_LATE", "ngbob_502_14_", "assignsubmission", "_7", "é", "\n"]
)
student_text = st.lists(pieces | any_text, min_size=1, max_size=4).map("".join).filter(lambda text: text.strip("."))


@given(st.text(st.characters(codec=None)))
def test_readable_text_is_harmless_and_can_be_written(text):
    shown = readable(text)
    shown.encode()
    assert [c for c in shown if unicodedata.category(c) in ACTS and c not in "\u200c\u200d"] == []
    assert readable(shown) == shown
    kept = readable(text, lines=True)
    assert kept.count("\n") == text.count("\n")
    assert readable(kept.replace("\n", " ").replace("\t", " ")) == kept.replace("\n", " ").replace("\t", " ")


@pytest.mark.parametrize(
    "text",
    [
        "Zoë O'Neil",
        "김민수",
        "\u0645\u06cc\u200c\u062e",
        "👩\u200d🔬",
        "a\xa0b",
        "[red]",
        ":bomb:",
        "a\\x1b",
        "\U0002ebf0",
    ],
)
def test_an_ordinary_name_stays_as_it_is(text):
    assert readable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\t", r"a\nb\t"),
        ("\x1b]0;x\x07", r"\x1b]0;x\x07"),
        ("\udcff", r"\xff"),
        ("\ud800", r"\ud800"),
        ("\u202e", r"\u202e"),
    ],
)
def test_control_characters_are_spelled_out(text, shown):
    assert readable(text) == shown


names_of_folders = st.binary(min_size=1, max_size=20).filter(
    lambda name: not {0, 47} & {*name} and name not in (b".", b"..")
)


@settings(max_examples=30)
@given(
    st.lists(
        names_of_folders | any_text.filter(lambda t: t.strip(".")).map(lambda t: t.encode("utf-8", "replace")),
        min_size=1,
        max_size=20,
        unique=True,
    )
)
def test_every_folder_belongs_to_a_student_or_is_reported(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("class")
    for name in names:
        os.makedirs(os.path.join(os.fsencode(folder), b"submitted", name, b"scaling"))
    students, others = handed_in(folder, "scaling"), misnamed(folder, "scaling")
    assert {os.fsencode(student) for student in students} == {n for n in names if not id_fault(os.fsdecode(n))}
    assert all(readable(student) == student and student.encode() for student in students)
    assert {*others} == {readable(os.fsdecode(name)) for name in names} - {*students}
    assert all(readable(line) == line for line in others.values())


@settings(max_examples=10)
@given(
    st.lists(names_of_folders.filter(lambda name: id_fault(os.fsdecode(name))), min_size=1, max_size=20, unique=True)
)
def test_bash_runs_the_suggested_rename(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("class")
    for name in names:
        os.makedirs(os.path.join(os.fsencode(folder), b"submitted", name, b"scaling"))
    for number, line in enumerate(misnamed(folder, "scaling").values()):
        command = line.partition("Rename it: ")[2].replace("STUDENT_ID", f"student-{number}")
        subprocess.run(["bash", "-c", command], check=True)
    assert all(name.startswith("student-") for name in os.listdir(folder / "submitted"))
    assert misnamed(folder, "scaling") == {}


def files(*names):
    return [Entry(PurePosixPath(name), None, lambda: b"") for name in names]


def owner(*names):
    """Return the platform, number and name of the owner of the last file; None if that is unknown."""
    *_, (_, found) = parse_names(files(*names))
    if isinstance(found, str):
        assert found == TWO_READINGS
        return None
    return found.platform, found.number, found.name


@given(student_text, student_text)
def test_a_moodle_folder_belongs_to_its_owner(name, file):
    folder = f"{name}_7_assignsubmission_file_"
    assert owner("Bob Ng_2_assignsubmission_file_/a.ipynb", f"{folder}/{file}") == ("moodle", "7", name)


@given(student_text, student_text)
def test_a_moodle_file_belongs_to_its_owner_or_nobody(name, file):
    mine = f"{name}_7_assignsubmission_file_{file}"
    assert owner("Bob Ng_2_assignsubmission_file_a.ipynb", mine) in (("moodle", "7", name), None)
    assert owner(mine) in (("moodle", "7", name), None)


@given(st.text("abcdefghij", min_size=1), st.booleans(), student_text)
def test_a_canvas_file_belongs_to_its_owner_or_nobody(name, late, file):
    mine = f"{name}{'_LATE' if late else ''}_7_8_{file}"
    assert owner("ngbob_502_14_a.ipynb", mine) == ("canvas", "7", name)
    assert owner(mine) in (("canvas", "7", name), None)


@given(st.lists(any_text.map(lambda text: PurePosixPath(text, text)), max_size=5))
def test_no_file_name_stops_an_import(paths):
    for _, found in parse_names([Entry(path, None, lambda: b"") for path in paths]):
        assert isinstance(found, Upload | str)


@given(st.text(st.characters(codec=None)), st.integers(2, 40))
def test_the_middle_of_a_long_text_is_left_out(text, longest):
    whole, shown = readable(text), readable(text, longest=longest)
    assert shown == (whole if len(whole) <= longest else f"{whole[: longest // 2]}[...]{whole[-(longest // 2) :]}")


@given(names_of_folders | st.binary(min_size=200, max_size=255).filter(lambda name: not {0, 47} & {*name}))
def test_a_copys_name_is_readable_and_short(name):
    text = os.fsdecode(name)
    shown = file_name(text, 200)
    assert readable(shown) == shown
    assert len(shown.encode()) <= 200
    assert shown == readable(text) or "-" in shown


def test_a_list_of_names_is_short():
    assert listed(["a\x1b", "b"]) == r"a\x1b, b"
    assert len(listed(["x" * 5000] * 100)) < 700
    assert listed(["x"] * 6).endswith(", x, ...")
