"""Tests that copies of a submission's other files are harmless, limited, and in their own folder."""

import os

import pytest

from bngrader.gradebook.class_gradebook import Files
from bngrader.grading.extra_files import MAX_BYTES, MAX_FILES, rename_harmless, update_extra_files

IGNORE = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback"]
SECRET = "ab" * 64


@pytest.fixture
def place(tmp_path):
    """Make a submission with a notebook, as nbgrader collects it."""
    folder = tmp_path / "submitted" / "ada" / "scaling"
    folder.mkdir(parents=True)
    (folder / "scaling.ipynb").write_text("the submitted notebook")
    (folder / "timestamp.txt").write_text("2026-03-01 09:00:00 UTC")
    (folder / "submission_secret.txt").write_text(SECRET)
    return folder


@pytest.fixture
def files(tmp_path):
    """Return the paths of the results; the graded notebook exists."""
    graded = tmp_path / "autograded" / "scaling.ipynb"
    graded.parent.mkdir()
    graded.write_text("the graded notebook")
    return Files(graded, tmp_path / "feedback" / "scaling.html")


def copied_files(files):
    folder = files.graded.parent
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def with_always_copied(**others):
    kept = {"scaling.ipynb": "the graded notebook", "timestamp.txt": "2026-03-01 09:00:00 UTC"}
    return kept | {"submission_secret.txt": SECRET} | others


def test_files_and_folders_are_copied_unless_ignored(place, files):
    for name in ("a.csv", "data/deep/b.csv", "__pycache__/a.pyc", "c.pyc", "old.ipynb", "feedback/page.html"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(name)
    assert update_extra_files(place, files, IGNORE) == 0
    assert copied_files(files) == with_always_copied(**{name: name for name in ("a.csv", "data/deep/b.csv")})


def test_the_page_gets_the_files_that_nbgraders_exchange_needs(place, files):
    update_extra_files(place, files, IGNORE)
    assert (files.feedback.parent / "submission_secret.txt").read_text() == SECRET
    assert (files.feedback.parent / "timestamp.txt").read_text() == "2026-03-01 09:00:00 UTC"


@pytest.mark.parametrize("bad", [b"", b"\xff\xfe\x00", None])
def test_a_page_without_a_time_or_secret_can_be_released(place, files, bad):
    for name in ("timestamp.txt", "submission_secret.txt"):
        (place / name).unlink()
        if bad is not None:
            (place / name).write_bytes(bad)
    update_extra_files(place, files, IGNORE)
    assert (files.feedback.parent / "timestamp.txt").read_text() == ""
    secret = (files.feedback.parent / "submission_secret.txt").read_text()
    assert len(secret) == 128
    assert (files.graded.parent / "submission_secret.txt").read_text() == secret
    update_extra_files(place, files, IGNORE)
    assert (files.feedback.parent / "submission_secret.txt").read_text() == secret


def test_links_are_not_followed(place, files, tmp_path):
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "solutions.py").write_text("secret")
    (place / "link.py").symlink_to(tmp_path / "private" / "solutions.py")
    (place / "folder").symlink_to(tmp_path / "private")
    os.mkfifo(place / "pipe")
    assert update_extra_files(place, files, IGNORE) == 3
    assert copied_files(files) == with_always_copied()


def test_files_beyond_the_limits_are_left_out(place, files):
    for number in range(MAX_FILES + 20):
        (place / f"{number:04}.txt").write_text("")
    with (place / "0000.huge").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    (place / ("a" * 250)).write_text("")
    assert update_extra_files(place, files, IGNORE) == 20 + 2
    assert len(copied_files(files)) == MAX_FILES + 3


def test_files_of_an_earlier_submission_are_replaced(place, files):
    (place / "data").mkdir()
    (place / "data" / "a.csv").write_text("1")
    (place / "other").write_text("a file")
    update_extra_files(place, files, IGNORE)
    (place / "data" / "a.csv").unlink()
    (place / "data").rmdir()
    (place / "data").write_text("now a file")
    (place / "other").unlink()
    (place / "other").mkdir()
    (place / "other" / "b.csv").write_text("2")
    update_extra_files(place, files, IGNORE)
    assert copied_files(files) == with_always_copied(**{"data.txt": "now a file", "other/b.csv": "2"})


def test_reserved_file_names_do_no_harm(place, files):
    for name in (".scaling.ipynb.part", ".a.csv.part", "scaling.ipynb.txt"):
        (place / name).mkdir()
        (place / name / "a.csv").write_text("")
    (place / "a.csv").write_text("mine")
    update_extra_files(place, files, IGNORE)
    assert copied_files(files) == with_always_copied(**{"a.csv": "mine"})


def test_unchanged_files_are_not_written_again(place, files):
    (place / "a.py").write_text("mine")
    (place / "a.csv").write_text("mine")
    update_extra_files(place, files, IGNORE)
    before = {path: path.stat().st_mtime_ns for path in files.graded.parent.iterdir()}
    update_extra_files(place, files, IGNORE)
    assert {path: path.stat().st_mtime_ns for path in files.graded.parent.iterdir()} == before


@pytest.mark.parametrize(
    "name",
    [
        "a.html",
        "a.HTML",
        "a.html ",
        "a.png.html",
        "a.svg",
        "a.xhtml",
        "a.xml",
        "a.mht",
        "a.js",
        "a.htm.",
        "a",
        "a.py",
        ".html",
    ],
)
def test_a_file_that_could_run_gets_the_extension_txt(place, files, name):
    (place / name).write_text("<script>")
    update_extra_files(place, files, IGNORE)
    assert copied_files(files) == with_always_copied(**{f"{name}.txt": "<script>"})


def test_a_harmless_file_keeps_its_name(place, files):
    names = ("a.txt", "A.CSV", "a.json", "a.html.png", "a.jpeg", "a.gif", "a.pdf")
    for name in names:
        (place / name).write_text(name)
    update_extra_files(place, files, IGNORE)
    assert copied_files(files) == with_always_copied(**{name: name for name in names})


def test_a_new_name_does_not_overwrite_another_file(place, files):
    for name in ("a.html", "a.html.txt", "b.html", "timestamp", "submission_secret"):
        (place / name).write_text(name)
    (place / "b.html.txt").mkdir()
    (place / "b.html.txt" / "c.csv").write_text("c")
    update_extra_files(place, files, IGNORE)
    kept = {"a.html.txt": "a.html.txt", "a.html.txt.txt": "a.html", "b.html.txt/c.csv": "c", "b.html.txt.txt": "b.html"}
    ours = {f"{name}.txt.txt": name for name in ("timestamp", "submission_secret")}
    assert copied_files(files) == with_always_copied(**kept, **ours)


def test_an_earlier_copy_is_renamed_in_the_next_round(place, files):
    (place / "a.html").write_text("<script>")
    (files.graded.parent / "a.html").write_text("<script>")
    update_extra_files(place, files, IGNORE)
    assert copied_files(files) == with_always_copied(**{"a.html.txt": "<script>"})


# Files of a submission, as bytes, and the paths of their copies.
ODD = {
    b"e\x1b[2J.txt": r"e\x1b[2J.txt",
    b"n\nx.csv": r"n\nx.csv",
    b"\xff.png": r"\xff.png",
    "rtl\u202ehtml.txt".encode(): r"rtl\u202ehtml.txt",
    b"d\x1b/a\x07.html": r"d\x1b/a\x07.html.txt",
    b"same\x1b.txt": r"same\x1b.txt.txt",
    rb"same\x1b.txt": r"same\x1b.txt",
    b"other\x1b.txt/a.csv": r"other\x1b.txt/a.csv",
    rb"other\x1b.txt": r"other\x1b.txt.txt",
    b"timestamp.txt-folder": "timestamp.txt-folder.txt",
}
RESERVED = {
    b"timestamp.txt/a.csv": "timestamp.txt-folder/a.csv",
    b"submission_secret.txt/a.csv": "submission_secret.txt-folder/a.csv",
}


def write_named(folder, names):
    for name in names:
        path = os.path.join(os.fsencode(folder), name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(name)


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_names_that_act_are_spelled_out_in_copies(place, files):
    write_named(place, ODD)
    assert update_extra_files(place, files, IGNORE) == 0
    copies = contents(files.graded.parent)
    assert {name: copies.pop(name) for name in ODD.values()} == {copy: name for name, copy in ODD.items()}
    assert sorted(copies) == sorted(with_always_copied())


def test_a_folder_with_a_reserved_name_is_copied(place, files):
    for name in ("timestamp.txt", "submission_secret.txt"):
        (place / name).unlink()
    write_named(place, RESERVED)
    assert update_extra_files(place, files, IGNORE) == 0
    copies = contents(files.graded.parent)
    assert {copy: copies[copy] for copy in RESERVED.values()} == {copy: name for name, copy in RESERVED.items()}
    assert copies["timestamp.txt"] == b""


def test_a_long_name_is_cut_before_its_extension(place, files):
    names = [b"l" * 240 + b"1.csv", b"l" * 240 + b"2.csv", "ü".encode() * 120 + b".html", b"\x1b" * 250]
    write_named(place, [*names, b"\x1b" * 250 + b"f/" + b"x" * 250])
    assert update_extra_files(place, files, IGNORE) == 0
    paths = [path for path in files.graded.parent.rglob("*") if path.is_file()]
    assert len(paths) == len(names) + 1 + len(with_always_copied())
    assert max(len(part.encode()) for path in paths for part in path.relative_to(files.graded.parent).parts) <= 204
    assert len([path for path in paths if path.suffix == ".csv"]) == 2


def test_renamed_copies_have_the_same_names(tmp_path):
    write_named(tmp_path, [*ODD, b"timestamp.txt", b"submission_secret.txt", b"page/b.html", b"a.ipynb"])
    rename_harmless(tmp_path)
    kept = {"timestamp.txt", "submission_secret.txt", "page/b.html.txt", "a.ipynb"}
    assert contents(tmp_path).keys() == {*ODD.values(), *kept}
    assert all(contents(tmp_path)[copy] == name for name, copy in ODD.items())
    rename_harmless(tmp_path)
    assert contents(tmp_path).keys() == {*ODD.values(), *kept}


def test_a_submission_without_other_files_has_nothing_to_rename(tmp_path):
    rename_harmless(tmp_path / "autograded")
    assert list(tmp_path.iterdir()) == []
