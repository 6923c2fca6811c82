"""No spreadsheet runs what a student calls himself, and everything else comes back as it was."""

import csv
import io

import pytest

from bngrader.spreadsheet import csv_text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_formula_is_text(text):
    (_, (cell,)) = csv.reader(io.StringIO(csv_text(["student"], [[text]]), newline=""))
    assert cell.endswith(text)
    assert cell.lstrip("\ufeff")[0] == "'"


def test_numbers_commas_quotes_and_letters_of_all_kinds_survive():
    row = ["a,b", 'a "b"', "数学", "Zoë\nO'Neil", -1.5, None]
    (_, back) = csv.reader(io.StringIO(csv_text("abcdef", [row]), newline=""))
    assert back == ["a,b", 'a "b"', "数学", "Zoë\nO'Neil", "-1.5", ""]
