"""Tests that a CSV file can be read back unchanged and holds nothing that a spreadsheet would run."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bngrader.course import csv_files
from bngrader.course.folders import CourseError
from bngrader.course.names import readable

EVIL = [
    "=1+1",
    "+1",
    "-rf",
    "@SUM(A1)",
    "\t=1",
    " =1",
    "\r\n=1",
    "\uff1d1\uff0b1",
    "'=1",
    "''@x",
    "ada;=cmd|' /C calc'!A0",
    "ada\n=1",
]
HARMLESS = ["ada", "a,b", 'a "b"', "Zoë O'Neil", "数学", "a-b", "ada+x@example.org", "100%", "'tis", "", "x = 1"]
texts = st.text(st.sampled_from("=+-@'; \t\r\n,\"aé\uff1d"), max_size=8) | st.text(max_size=20)


@pytest.mark.parametrize("text", EVIL)
def test_a_formula_becomes_text(text):
    cells = csv_files.escape_formulas(text).replace("\r", "\n").replace(";", "\n").replace("\t", "\n").split("\n")
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@", "\uff1d")) for cell in cells)
    assert csv_files.escape_formulas(text).startswith(("'", "ada"))


@pytest.mark.parametrize("text", HARMLESS)
def test_other_texts_stay_as_they_are(text):
    assert csv_files.escape_formulas(text) == text


@given(texts)
def test_every_text_survives_a_round_trip(text):
    assert csv_files.unescape_formulas(csv_files.escape_formulas(text)) == text


@given(st.lists(texts.filter(lambda text: text == text.strip() and "\0" not in text), min_size=1, max_size=4))
def test_every_row_survives_a_round_trip_through_a_file(tmp_path_factory, row):
    path = tmp_path_factory.mktemp("table") / "t.csv"
    header = [f"c{number}" for number in range(len(row))]
    path.write_bytes(csv_files.write(header, [row]))
    lines = csv_files.read(path, header)
    assert [[line[column] for column in header] for line in lines] == ([[*map(readable, row)]] if any(row) else [])


def test_numbers_stay_numbers_and_none_is_an_empty_cell():
    data = csv_files.write(["a", "b", "c"], [[-1.5, None, 2]]).decode()
    assert list(csv.reader(io.StringIO(data, newline="")))[1] == ["-1.5", "", "2"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_file_saved_by_a_spreadsheet_is_read(tmp_path, separator):
    path = tmp_path / "t.csv"
    lines = [["Student ID", "Name"], ["a,b" if separator != "," else '"a,b"', "Zoë"], ["", ""]]
    path.write_text("\ufeff" + "\r\n".join(separator.join(line) for line in lines) + "\r\n")
    (line,) = csv_files.read(path, ["student_id"])
    assert (line["student_id"], line["name"], line["email"], line.number) == ("a,b", "Zoë", "", 2)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"name\nada\n", "lacks the column student_id; the columns in its first line are: name"),
        (b"student_id,student_id\na,b\n", "has more than one column student_id"),
        (
            b"student_id,name\nada,Ada\nbob,Ng, Bob\n",
            "line 3 has 3 cells, but the first line names 2 columns: a text with a comma",
        ),
        (b"", "lacks the column student_id; the columns in its first line are: none"),
        ("student_id\nZoë\n".encode("latin-1"), 'is not in UTF-8: save it as "CSV UTF-8"'),
    ],
)
def test_an_unusable_table_is_refused_with_its_name(tmp_path, data, said):
    path = tmp_path / "t.csv"
    path.write_bytes(data)
    with pytest.raises(CourseError) as refused:
        csv_files.read(path, ["student_id"])
    assert str(refused.value).startswith(str(path))
    assert said in str(refused.value)
