"""Tests that odd names of folders and files stop no command, and reach terminals, pages and files only escaped."""

import csv
import io
import json
import os
import re
import subprocess
import unicodedata

import nbformat
import pytest

from tests.bngrader.lms.test_import_submissions import make_zip
from tests.grading import commands, sample_class

STRICT = {"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "utf-8:strict"}
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
KOREAN = {"LC_ALL": "ko_KR.EUC-KR", "PYTHONUTF8": "0"}
EVIL = "x\nada: 20 / 20\x1b[2J\u202e[red]\udcff"
ESCAPED = r'"\udcff\u202e\x1b[2J"'
PRINTING = {
    "standardize": f"""import warnings

def standardize(x):
    print({ESCAPED})
    warnings.warn({ESCAPED})
    raise ValueError({ESCAPED})
""",
    "min_max_scale": f"def min_max_scale(x):\n    return {ESCAPED}  # \u202e\n",
    "apply_standardize": f"""class Odd(Exception):
    pass

def apply_standardize(x, mean, std):
    raise Odd({{{ESCAPED}: {ESCAPED}}})
""",
}
# Names of folders that no gradebook or terminal accepts, as bytes, and as the commands show them.
MISNAMED = {
    b"\xb1\xe8\xb9\xce\xbc\xf6_1": r"\xb1\xe8\xb9μ\xf6_1",  # a Korean name as unzip writes it
    b"esc\x1b[2J": r"esc\x1b[2J",
    b"two\nada: 20": r"two\nada: 20",
    "rtl\u202ecod.eve".encode(): r"rtl\u202ecod.eve",
    "c1\u009b31m".encode(): r"c1\x9b31m",
    b"\xff[red]:bomb:'": r"\xff[red]:bomb:'",
}
GRADED = ["[red]bob", ":bomb:", "ada", "attached", "beside", "file", "prints", "speaks", "김민수"]


def notebook(change=None, **answers):
    made = sample_class.filled_in(**answers)
    if change:
        change(made)
    return json.dumps(made)


def with_language(made):
    made.metadata["kernelspec"] = {"name": "ir", "display_name": EVIL, "language": EVIL}


def with_surrogates(made):
    made.cells.append(nbformat.v4.new_code_cell(f"# {EVIL}\nprint({EVIL!r})"))
    made.cells.append(nbformat.v4.new_markdown_cell(f"# {EVIL}"))
    made.cells[-2].outputs = [{"output_type": "stream", "name": "stdout", "text": EVIL}]


def with_prints(made):
    answer = next(cell for cell in made.cells if cell.id == "standardize")
    answer.source += f"""

right = standardize

def standardize(x):
    print({ESCAPED})
    return right(x)
"""


def with_attachment(made):
    written = next(cell for cell in made.cells if cell.id == sample_class.WRITTEN)
    written.attachments = {EVIL: {"image/png\udcff": "aaaa\udcff"}}
    written.source += f"\n\n![{EVIL}](attachment:{EVIL})"


def write(folder, student, text, name=b"scaling.ipynb"):
    path = os.path.join(os.fsencode(folder), b"submitted", os.fsencode(student), b"scaling", name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def make_class(folder):
    for student in ("[red]bob", ":bomb:", "김민수"):
        write(folder, student, notebook())
    write(folder, "ada", notebook(with_language))
    write(folder, "attached", notebook(with_attachment))
    write(folder, "beside", notebook())
    write(folder, "beside", "beside", b"\xfe\n\x1b[2J.txt")
    write(folder, "file", notebook(), b"\xff\n\x1b[2J.ipynb")
    write(folder, "prints", notebook(with_prints))
    write(folder, "speaks", notebook(with_surrogates, **PRINTING))
    for name in (b"\xff\n1\x1b[2J.ipynb", "\u202e2.ipynb".encode()):
        write(folder, "two files", notebook(), name)
    for name in MISNAMED:
        write(folder, name, notebook())
    lines = [f"{number},{student},=x\u202e[red]{number}\n" for number, student in enumerate([*GRADED, "two files"])]
    (folder / "roster.csv").write_text("moodle_id,student_id,name\n" + "".join(lines))
    return folder


def bngrader(folder, command, *arguments, **environment):
    """Run a command in its own process, and return the exit code and the output as bytes."""
    env = os.environ | environment
    ran = commands.bngrader(command, *arguments, "--course", folder, text=False, env=env)
    return ran.returncode, ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Grade the class, and return its folder, the output, and the records by student."""
    folder = make_class(tmp_path_factory.mktemp("class"))
    code, printed = bngrader(folder, "grade", "scaling", "--json", folder / "scores.json", **STRICT)
    assert code == 1, printed.decode(errors="replace")
    return folder, printed.decode(), commands.records_in(folder)


def harmful(text):
    """Return the control and invisible characters in a text, other than white space."""
    found = {character for character in text if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    return found - {"\n", "\t", "\r"}


def test_every_student_with_a_valid_name_is_graded(graded):
    records = graded[2]
    right = [student for student in GRADED if student != "speaks"]
    assert {student: records[student]["score"] for student in right} == dict.fromkeys(right, 15)
    lost = {name for name, cell in records["speaks"]["cells"].items() if cell["score"] == 0}
    assert {name for name in lost if "inverse" in name} == set()
    assert {"test_standardize", "test_min_max_scale", "test_apply_standardize"} <= lost
    for student in GRADED:
        for path in (f"autograded/{student}/scaling/scaling.ipynb", f"feedback/{student}/scaling/scaling.html"):
            assert (graded[0] / path).read_bytes().decode()


def test_a_folder_with_an_invalid_name_is_reported(graded):
    folder, printed, records = graded
    for name, shown in MISNAMED.items():
        record = records[shown]
        assert (record["status"], record["score"]) == ("failed", None)
        assert f"{shown}: {record['error']}" in printed
        # Bash understands the suggested command.
        rename = re.search(r"Rename it: mv (.*) (\S+STUDENT_ID)$", record["error"])
        unquoted = subprocess.run(["bash", "-c", f"printf %s {rename[1]}"], capture_output=True, check=True).stdout
        assert unquoted == os.path.join(os.fsencode(folder), b"submitted", name)


def test_code_and_outputs_are_readable_on_the_page(graded):
    page = (graded[0] / "feedback" / "speaks" / "scaling" / "scaling.html").read_text()
    blocks = re.findall(r"<pre.*?</pre>", page, re.DOTALL)
    assert any("# \\u202e</span>" in block for block in blocks)
    assert any("SyntaxError: invalid non-printable character" in block for block in blocks)
    assert harmful("".join(blocks)) == set()


def test_two_files_with_odd_names_are_listed_readably(graded):
    error = graded[2]["two files"]["error"]
    assert r"the folder contains \u202e2.ipynb, \xff\n1\x1b[2J.ipynb. Ask which" in error


def test_printed_and_stored_names_are_readable(graded):
    folder, printed, records = graded
    assert harmful(printed) == set()
    assert harmful(json.dumps(records, ensure_ascii=False)) == set()
    assert "\nada: 20 / 20" not in printed
    assert r"ada: made for the language x\nada: 20 / 20\x1b[2J\u202e[red]\xff, but run as Python" in printed
    assert "[red]bob" in printed
    assert ":bomb:" in printed
    with commands.gradebook(folder) as book:
        assert sorted(student.id for student in book.students) == sorted(GRADED)


def in_process(folder, command, *arguments):
    """Run a command in this process, and return the exit code and the output."""
    ran = commands.invoke(command, *arguments, "--course", folder)
    return ran.returncode, ran.stdout + ran.stderr


def assert_skipped(result):
    """Assert that a command skipped the invalid folders and reported each, and return its output."""
    code, printed = result
    assert code == 1, printed
    assert harmful(printed) == set()
    for shown in MISNAMED.values():
        assert f"{shown}: is skipped, because the name of this folder" in printed
    return printed


@pytest.mark.parametrize("format", ["csv", "canvas", "moodle"])
def test_export_includes_the_others(graded, format, tmp_path):
    path, json_file = tmp_path / "grades.csv", tmp_path / "grades.json"
    assert_skipped(in_process(graded[0], "export", "scaling", "--format", format, "--to", path, "--json", json_file))
    text = path.read_text()
    assert harmful(text + json.dumps(json.loads(json_file.read_text()), ensure_ascii=False)) == set()
    rows = list(csv.reader(io.StringIO(text)))
    assert len([row for row in rows if "=x\\u202e[red]" in "".join(row)]) == (len(GRADED) + (format != "moodle"))


def test_report_includes_the_others(graded, tmp_path):
    found = tmp_path / "tables.json"
    assert_skipped(in_process(graded[0], "report", "--into", tmp_path, "--json", found))
    assert harmful((tmp_path / "report.html").read_text()) == set()
    assert harmful(json.dumps(json.loads(found.read_text()), ensure_ascii=False)) == set()
    assert {row["student"] for row in json.loads(found.read_text())["students"]} == {*GRADED, "two files"}


def test_similarity_compares_the_others(graded, tmp_path):
    page = tmp_path / "pairs.html"
    printed = assert_skipped(in_process(graded[0], "similarity", "scaling", "--into", page))
    assert "9 submissions compared, 7 not" in printed
    text = page.read_text()
    assert harmful(text) == set()
    assert all(f"<li>{shown.replace(chr(39), '&#39;')}: is skipped" in text for shown in MISNAMED.values())


def test_late_lists_the_others(graded):
    assert "Nobody is late" in assert_skipped(in_process(graded[0], "late", "scaling", "--due", "2030-01-01 12:00 UTC"))


def test_doctor_names_the_folders_to_rename(graded, tmp_path):
    code, printed = in_process(graded[0], "doctor", "--json", tmp_path / "found.json")
    assert (code, harmful(printed)) == (1, set())
    found = {each["about"]: each for each in json.loads((tmp_path / "found.json").read_text())}
    assert r"\xb1\xe8\xb9μ\xf6_1 is not UTF-8" in found["submitted"]["message"]
    assert r"esc\x1b[2J contains invisible characters" in found["submitted"]["message"]
    assert found["submitted"]["fix"].count("Rename it: mv $'") == len(MISNAMED)


def test_odd_names_in_a_zip_stop_nobody(graded, tmp_path):
    source = make_zip(
        tmp_path / "m.zip",
        {
            "x\x1b[2J\n\u202e.ipynb": "stranger",
            ".": "nameless",
            "=x\u202e[red]0_0_assignsubmission_file_/a\n\x1b[2J.ipynb": "replaced",
            "=x\u202e[red]1_1_assignsubmission_file_/x-" + "9" * 5000 + ".ipynb": "long",
            "=x\u202e[red]2_2_assignsubmission_file_/a.ipynb.j\u017fon": "long s",
        },
    )
    for option in ("--dry-run", "--replace"):
        code, printed = in_process(
            make_class_with_roster(graded[0], tmp_path),
            "import",
            "scaling",
            source,
            option,
            "--json",
            tmp_path / "f.json",
        )
        assert code == 1
        assert harmful(printed) == set()
        assert r"x\x1b[2J\n\u202e.ipynb: has a name that is neither" in printed
        assert "3 imported" in printed
        assert harmful(json.dumps(json.loads((tmp_path / "f.json").read_text()), ensure_ascii=False)) == set()
    assert harmful((tmp_path / "class" / "imported" / "scaling.csv").read_text()) == set()


def make_class_with_roster(folder, tmp_path):
    course = tmp_path / "class"
    course.mkdir(exist_ok=True)
    (course / "roster.csv").write_bytes((folder / "roster.csv").read_bytes())
    return course


@pytest.mark.parametrize(
    ("command", "locale"),
    [
        (["grade", "scaling"], ASCII),
        pytest.param(["doctor"], ASCII, marks=pytest.mark.slow),
        pytest.param(["grade", "scaling"], KOREAN, marks=pytest.mark.slow),
        pytest.param(["doctor"], KOREAN, marks=pytest.mark.slow),
    ],
    ids=["grade-C", "doctor-C", "grade-EUC-KR", "doctor-EUC-KR"],
)
def test_other_locales_work(graded, locale, command):
    if locale is KOREAN and b"ko_KR.euckr" not in subprocess.run(["locale", "-a"], capture_output=True).stdout:
        pytest.skip("there is no locale ko_KR.EUC-KR")
    code, printed = bngrader(graded[0], *command, **locale)
    assert code == 1
    text = printed.decode("ascii" if locale is ASCII else "euc_kr")
    assert "Traceback" not in text
    assert harmful(text) == set()
    assert "esc\\x1b[2J" in text
