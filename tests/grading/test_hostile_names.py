"""Tests that no name that a student chooses stops a command or gets through to a terminal, a page or a file.

Each name is used for a student's folder, for files and folders in a submission and in an upload, in the notebook's
metadata, and in a roster; then every command runs on the class.
"""

import csv
import json
import os
import sqlite3
import sys
import unicodedata
import zipfile

import nbformat
import pytest

from tests.bngrader.lms.test_import_submissions import make_zip
from tests.grading import commands, sample_class

UTF_8 = {"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "utf-8:strict"}
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
NAMES = {
    "escape": b"e\x1b[2J\x1b]0;owned\x07",
    "newline": b"n\nada: 20 of 20\r\n",
    "bytes": b"\xff\xfe\x80",
    "encoded surrogate": b"\xed\xb3\xbf",
    "bidi": "r\u202ecod.eve\u2066".encode(),
    "C1": "c\u009b31m".encode(),
    "separators": "p\u2028q\u2029\u0085".encode(),
    "invisible": "z\u200b\ufeff\u00ad\U000e0041".encode(),
    "control": b"\x01\x7f\x08\t",
    "long": b"l" * 240,
    "wide": "ü".encode() * 120,
    "short option": b"-rf",
    "long option": b"--json",
    "help": b"--help",
    "dots": b"..x",
    "only dots": b"...",
    "space": b" ",
    "shell": b"'\"`$(touch x);&|\\",
    "format": b"{x}{0}%s%(y)s",
    "markup": b"[bold red]:bomb:[red]",
    "html": b"<script>alert(1)<b>",
    "formula": b"=cmd|' '!A0",
    "glob": b"[a-z]*?",
    "temporary": b".scaling.ipynb.part",
    "time": b"timestamp.txt",
    "secret": b"submission_secret.txt",
}
# An answer whose exception, printed text and file descriptors carry an escape sequence.
ACTS = r"""
def standardize(x):
    import os, sys, warnings
    text = "e\x1b[2J\x1b]0;owned\x07\u202e\udcff"
    for number in (1, 2):
        os.write(number, b"\x1b[2J written to a descriptor")
    print(text, file=sys.stderr)
    warnings.warn(text)
    raise type(text, (Exception,), {})(text)
"""
INVISIBLE_IN_PROSE = {*"\u200b\ufeff\u00ad\u2028\u2029\U000e0041"}  # they change nothing else
HARMFUL = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def harmful(text):
    """Return the characters of a text that could act on a terminal or a page, other than ordinary white space."""
    return {one for one in text if unicodedata.category(one) in HARMFUL} - {"\n", "\t", "\r"}


def texts_in(value):
    """Yield every text in JSON, the keys too."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for each in value:
            yield from texts_in(each)
    elif isinstance(value, str):
        yield value


def notebook(name):
    """Return the text of a notebook with a name wherever it has room for one."""
    text = os.fsdecode(name)
    made = sample_class.handed_out()
    made.metadata = nbformat.from_dict(
        {
            "kernelspec": {"name": text, "display_name": text, "language": text},
            "language_info": {"name": text, "file_extension": text},
            "title": text,
            "authors": [{"name": text}],
            text: {text: text},
        }
    )
    for cell in made.cells:
        cell.metadata |= {"tags": [text], "name": text, text: text}
    made.cells.append(nbformat.v4.new_code_cell(ACTS, metadata={"nbgrader": {"grade_id": text, "solution": True}}))
    made.cells.append(nbformat.v4.new_markdown_cell(f"![{text}](attachment:{text})", attachments={text: {text: text}}))
    made.cells[-1].id = text
    return json.dumps(made)


def write(folder, *parts, data=""):
    """Write a file below a folder; parts of its path are bytes."""
    path = os.path.join(os.fsencode(folder), *parts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(data)


def make_class(folder):
    """Write a class in which each student uses one name, and each name is a student's folder."""
    innocent = sample_class.filled_in(standardize=ACTS)
    commands.hand_in(folder, "ada", innocent)
    for number, name in enumerate(NAMES.values()):
        place = (b"submitted", b"s%d" % number, b"scaling")
        write(folder, *place, name[:240] + b".ipynb", data=notebook(name))
        if name not in (b"timestamp.txt", b"submission_secret.txt"):
            write(folder, *place, name, data="beside")
        write(folder, *place, b"folder", name, data="beside")
        write(folder, *place, name + b"_" if name.endswith(b"t") else b"d" + name, b"a.html", data="beside")
        write(folder, b"submitted", name, b"scaling", b"scaling.ipynb", data=json.dumps(sample_class.handed_out()))
    for folder_name in (b"timestamp.txt", b"submission_secret.txt"):
        write(folder, b"submitted", b"reserved", b"scaling", folder_name, b"a.txt", data="beside")
    write(folder, b"submitted", b"reserved", b"scaling", b"scaling.ipynb", data=json.dumps(innocent))
    rows = [["student_id", "name", "moodle_id", "canvas_id", "sis_user_id", "section"]]
    for number, name in enumerate(NAMES.values()):
        text = name.decode(errors="replace")
        rows.append([f"s{number}", text, number, 1000 + number, f"{text}{number}", text])
    with (folder / "roster.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return folder


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Return the folder of the graded class."""
    folder = make_class(tmp_path_factory.mktemp("class"))
    run(folder, "grade", "scaling", "--jobs", 2, "--json", folder / "scores.json")
    return folder


def run(folder, *arguments, locale=UTF_8):
    """Run a command, and check its exit code and every character that it prints; return its output."""
    ran = commands.bngrader(*arguments, "--course", folder, text=False, env=os.environ | locale)
    printed = (ran.stdout + ran.stderr).decode("utf-8" if locale is UTF_8 else "ascii")
    assert ran.returncode in (0, 1), printed
    assert "Traceback" not in printed, printed
    assert harmful(printed) == set(), printed
    assert "written to a descriptor" not in printed
    assert not [line for line in printed.splitlines() if line.startswith("ada: 20")]
    return printed


def read_json(path):
    """Read a JSON file whose texts must be harmless."""
    value = json.loads(path.read_bytes().decode())
    assert harmful("".join(texts_in(value))) == set()
    assert not [text for text in texts_in(value) if "\n" in text]
    return value


def assert_harmless_files(folder):
    """Assert that neither the names nor the contents of the files in a folder can act on a terminal or a page."""
    paths = [path for path in folder.rglob("*") if path.suffix != ".parquet"]
    assert paths
    for path in paths:
        assert harmful(str(path)) == set()
        assert "\n" not in str(path)
        if path.is_file():
            assert harmful(path.read_bytes().decode()) == set(), path


def test_every_folder_is_graded_or_named(course):
    records = {record["student"]: record for record in read_json(course / "scores.json")}
    students = [f"s{number}" for number in range(len(NAMES))]
    hidden = [f"s{number}" for number, name in enumerate(NAMES.values()) if name.startswith(b".")]
    assert {student for student in students if records[student]["status"] == "failed"} == {*hidden}
    assert records["ada"]["score"] == records["reserved"]["score"] > 0
    assert len(records) == 2 * len(NAMES) + 2
    failed = [name for name in records if records[name]["status"] == "failed" and name not in hidden]
    assert failed
    assert all("because the name of this folder" in records[name]["error"] for name in failed)


def test_the_gradebook_holds_no_name_that_acts(course):
    with sqlite3.connect(course / "gradebook.db") as database:
        tables = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        rows = [row for table in tables for row in database.execute(f'select * from "{table}"')]
    texts = [value for row in rows for value in row if isinstance(value, str)]
    texts += [text for value in texts if value.startswith('{"') for text in texts_in(json.loads(value))]
    assert any("standardize raised an error" in text for text in texts)
    assert [text for text in texts if harmful(text)] == []


@pytest.mark.parametrize("folder", ["autograded", "feedback"])
def test_copies_and_pages_hold_no_name_that_acts(course, folder):
    for path in (course / folder).rglob("*"):
        assert harmful(str(path)) == set()
        assert "\n" not in str(path)
        if path.suffix == ".ipynb":
            nbformat.validate(nbformat.read(path, as_version=4))
        elif path.suffix == ".html":
            assert not harmful(path.read_bytes().decode()) - INVISIBLE_IN_PROSE
    assert len(list((course / folder).rglob("*/scaling"))) >= len(NAMES) + 2


def test_every_file_beside_a_notebook_is_copied(course):
    for number, name in enumerate(NAMES.values()):
        place = course / "autograded" / f"s{number}" / "scaling"
        copied = [path for path in place.rglob("*") if path.is_file() and path.read_text(errors="replace") == "beside"]
        assert len(copied) >= (0 if name.startswith(b".") else 1 if name.endswith(b".txt") else 3), name
        assert all(path.suffix in (".txt", ".json") for path in copied)


FORMATS = ("csv", "canvas", "moodle", "moodle-feedback")
READING = {
    "late": ["late", "scaling", "--due", "2020-01-01 12:00 UTC"],
    "report": ["report", "--into", "{}/report"],
    "similarity": ["similarity", "scaling", "--share", "0.05", "--into", "{}/pairs.html"],
    "doctor": ["doctor"],
    **{f"export {one}": ["export", "scaling", "--format", one, "--to", "{}/" + one] for one in FORMATS},
}
LOCALES = [pytest.param(UTF_8, id="UTF-8"), pytest.param(ASCII, id="C", marks=pytest.mark.slow)]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("command", READING)
def test_no_name_gets_through_a_command(course, tmp_path, command, locale):
    arguments = [word.replace("{}", str(tmp_path)) for word in READING[command]]
    run(course, *arguments, "--json", tmp_path / "found.json", locale=locale)
    read_json(tmp_path / "found.json")
    for path in tmp_path.glob("moodle-feedback"):
        with zipfile.ZipFile(path) as pages:
            assert harmful("".join(pages.namelist())) == set()
        path.unlink()
    assert_harmless_files(tmp_path)


@pytest.mark.slow
def test_no_name_gets_through_a_second_round(course, tmp_path):
    run(course, "grade", "scaling", "--json", tmp_path / "scores.json", locale=ASCII)
    read_json(tmp_path / "scores.json")


def uploads(platform):
    """Return the files of a download, in which each name is that of a student and of a file."""
    files = {}
    for number, name in enumerate(NAMES.values()):
        moodle = name[:200] + b"_%d_assignsubmission_file_/%b.ipynb" % (number, name[:200])
        canvas = b"%b_%d_9_%b.ipynb" % (name[:100], 1000 + number, name[:100])
        files[moodle if platform == "moodle" else canvas] = notebook(name)
    return files


@pytest.mark.parametrize(
    ("platform", "kind", "locale"),
    [
        ("moodle", "folder", UTF_8),
        ("canvas", "zip", UTF_8),
        pytest.param("moodle", "zip", ASCII, marks=pytest.mark.slow),
        pytest.param("canvas", "folder", ASCII, marks=pytest.mark.slow),
    ],
    ids=["Moodle-UTF-8", "Canvas-UTF-8", "Moodle-C", "Canvas-C"],
)
def test_no_name_gets_through_an_import(course, tmp_path, platform, kind, locale):
    folder, source = tmp_path / "class", tmp_path / "source"
    folder.mkdir()
    (folder / "roster.csv").write_bytes((course / "roster.csv").read_bytes())
    if kind == "zip":
        more = {"../../evil.ipynb": "x", "/etc/evil.ipynb": "x", "C:\\evil.ipynb": "x", "a" * 5000 + ".ipynb": "x"}
        named = {name.decode(errors="replace"): text for name, text in uploads(platform).items()}
        source = make_zip(tmp_path / "source.zip", named | more)
    else:
        for name, text in uploads(platform).items():
            write(source, *name.split(b"/"), data=text)
    printed = run(folder, "import", "scaling", source, "--json", tmp_path / "found.json", locale=locale)
    assert max(map(len, printed.splitlines())) < 2000
    found = read_json(tmp_path / "found.json")
    assert sum(each["status"] == "imported" for each in found) >= 12
    assert_harmless_files(folder / "imported")
    assert not list(tmp_path.rglob("evil*"))


def test_a_wrong_argument_is_printed_readably(course):
    ran = commands.bngrader(
        "grade", "scaling", os.fsdecode(NAMES["escape"]), NAMES["bidi"].decode(), "--course", course
    )
    assert ran.returncode == 2
    assert harmful(ran.stdout + ran.stderr) == set()
    assert "owned" in ran.stderr


BROKEN = r"""
import sys
from bngrader.commands import assignments, main


def fail():
    raise ValueError("e\x1b[2J\u202e\udcff")


assignments.find_repository = fail
sys.argv = ["bngrader", "exercises"]
main()
"""


def test_an_unexpected_error_is_printed_readably():
    ran = commands.run(sys.executable, "-c", BROKEN)
    assert ran.returncode == 1
    assert "Traceback" in ran.stderr
    assert harmful(ran.stderr) == set()
