"""Tests that disguised copies are found, and that code which was handed out makes no pair."""

import json
import re

import pytest

from tests.answers.scaling import UNUSUAL
from tests.barriers import assert_accessible, opened_file
from tests.grading import sample_class
from tests.grading.commands import hand_in, invoke

OWN = """def standardize(table):
    # every column on its own, with plain Python
    rows, width = len(table), len(table[0])
    kind = table.dtype if table.dtype.kind == "f" else np.float64
    centres, spreads, out = [], [], np.empty((rows, width))
    for k in range(width):
        column = [float(v) for v in table[:, k]]
        first = column[0]
        if all(v == first for v in column):
            centre, spread = first, 0.0
        else:
            centre = sum(column) / rows
            spread = (sum((v - centre) ** 2 for v in column) / rows) ** 0.5
        for r, v in enumerate(column):
            out[r, k] = (v - centre) / spread if spread else 0.0
        centres.append(centre)
        spreads.append(spread)
    return out.astype(kind), np.array(centres, kind), np.array(spreads, kind)
"""
OTHERS = {name: list(kinds.values())[1] for name, kinds in UNUSUAL.items() if name != "standardize"}
HOSTILE = '# </pre><script>alert(1)</script>\ndef standardize(x):\n    """<img src=x onerror=alert(1)>"""\n'


def disguise(code):
    """Return the same code with other names, comments and spaces."""
    for old, new in {
        "table": "t",
        "column": "c",
        "centre": "mu",
        "spread": "sd",
        "out": "result",
        "width": "D",
    }.items():
        code = re.sub(rf"\b{old}(s?)\b", rf"{new}\1", code)
    code = re.sub(r"( *)#.*", r"\1# mine, all mine", code)
    return code.replace(" = ", "  =  ").replace("):\n", "):  # here it begins\n", 1)


def similarity(folder, *arguments):
    return invoke("similarity", "scaling", "--course", folder, *arguments)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Return the folder of the class, and the records by the names of each pair."""
    folder = tmp_path_factory.mktemp("class")
    unusual = {name: next(iter(kinds.values())) for name, kinds in UNUSUAL.items()}
    notebooks = {
        "author": sample_class.filled_in(standardize=OWN, **OTHERS),
        "copyist": sample_class.filled_in(standardize=disguise(OWN), **OTHERS),
        "independent": sample_class.filled_in(**unusual),
        "reader of solutions": sample_class.filled_in(),
        "untouched": sample_class.handed_out(),
        "untouched too": sample_class.handed_out(),
        "=hostile": sample_class.filled_in(standardize=HOSTILE + OWN, **OTHERS),
    }
    for student, notebook in {**notebooks, "damaged": "{"}.items():
        hand_in(folder, student, notebook)
    ran = similarity(folder, "--json", folder / "pairs.json")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "7 submissions compared, 1 not" in ran.stdout
    records = json.loads((folder / "pairs.json").read_text())
    return folder, {frozenset([record["one"], record["other"]]): record for record in records}


def test_a_disguised_copy_is_found(found):
    record = found[1][frozenset(["author", "copyist"])]
    assert min(record["share_of_one"], record["share_of_other"]) > 0.9
    assert record["kind"] == "submission"


def test_the_solution_handed_in_is_found(found):
    record = found[1][frozenset(["reader of solutions", "the solution"])]
    assert (record["kind"], record["share_of_one"]) == ("solution", 1)


def test_handed_out_code_and_own_answers_make_no_pair(found):
    alone = {"independent", "untouched", "untouched too"}
    assert [pair for pair in found[1] if pair & alone] == []


def test_the_page_shows_pairs_and_unreadable_submissions(found):
    text = (found[0] / "similarity" / "scaling.html").read_text()
    assert "Pair 1: " in text
    assert "<mark>" in text
    assert re.search(r"<li>damaged: is not a notebook", text)
    assert "spreads.append(spread)" in text
    assert "sds.append(sd)" in text


def test_answers_that_hide_code_have_a_section_of_their_own(tmp_path):
    hostile = "exec('<script>alert(1)</script>\\x1b[2J')\n"
    hand_in(tmp_path, "hides", sample_class.filled_in(standardize=hostile + OWN, **OTHERS))
    hand_in(tmp_path, "open", sample_class.filled_in(**{name: next(iter(k.values())) for name, k in UNUSUAL.items()}))
    ran = similarity(tmp_path, "--json", tmp_path / "found.json")
    assert ran.returncode == 1
    assert "hides: may hide code: exec" in ran.stdout
    (record,) = json.loads((tmp_path / "found.json").read_text())
    assert (record["one"], record["kind"], record["places"][0]["what"]) == ("hides", "hidden code", "exec")
    text = (tmp_path / "similarity" / "scaling.html").read_text()
    section = text.partition("Answers that may hide code</h2>")[2]
    assert "<td>hides</td><td>exec</td><td><code>exec(&#39;&lt;script&gt;" in section
    assert "open" not in section
    assert "<script" not in text


def test_students_html_is_inert_in_the_page(found):
    text = (found[0] / "similarity" / "scaling.html").read_text()
    assert re.findall(r"<script|<img|onerror=(?!alert\(1\)&gt;)", text) == []
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_the_page_is_accessible(found, chromium, theme):
    with opened_file(chromium, found[0] / "similarity" / "scaling.html", theme) as page:
        assert_accessible(page)


def test_code_shared_by_most_of_a_class_makes_no_pair(tmp_path):
    for number in range(8):
        hand_in(tmp_path, f"s{number}", sample_class.filled_in(standardize=OWN, **OTHERS))
    ran = similarity(tmp_path, "--common", "0.5")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "0 pairs" in ran.stdout
    again = similarity(tmp_path, "--common", "1", "--force")
    assert "28 pairs" in again.stdout


def test_a_usage_error_names_the_way_out(found, tmp_path):
    for arguments, message in [
        ((found[0],), "already exists. Name another file with --into, or add --force"),
        ((tmp_path,), "nobody has handed in 'scaling': there is nothing at"),
        ((found[0], "--force", "--json", "nowhere/p.json"), "the folder nowhere does not exist; create it first"),
    ]:
        ran = similarity(*arguments)
        assert ran.returncode == 2
        assert message in ran.stderr
        assert "Traceback" not in ran.stderr
