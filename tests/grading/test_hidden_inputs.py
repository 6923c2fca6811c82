"""Tests that each submission has its own hidden inputs, always the same, and that none of them reaches a page."""

import html
import re

import pytest

from bngrader.course.hidden_seed import FILE, submission_seed
from tests.grading.commands import grade, graded_notebook, hand_in, page, records_in
from tests.grading.sample_class import filled_in

# An answer that is wrong where the hidden test begins, and says there what it was called with, in every way.
TELLS = """def standardize(x):
    import numpy as np, sys, warnings
    if x.shape == (2, 1):
        print("TOLD", x.tolist())
        print("TOLD", x.tolist(), file=sys.stderr)
        warnings.warn("TOLD " + str(x.tolist()))
        {}
    x = np.asarray(x, float)
    return (x - x.mean(axis=0)) / x.std(axis=0), x.mean(axis=0), x.std(axis=0)
"""
WAYS = {"raises": 'raise ValueError("TOLD", x.tolist())', "returns": 'return "TOLD", str(x.tolist()), x'}
# An answer whose score depends on its first hidden input.
DIGIT = """def standardize(x):
    import hashlib, numpy as np
    if x.shape == (2, 1) and hashlib.sha256(x.tobytes()).digest()[0] % 2:
        return None
    x = np.asarray(x, float)
    return (x - x.mean(axis=0)) / x.std(axis=0), x.mean(axis=0), x.std(axis=0)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Grade a class of answers that tell, and of answers whose score depends on their inputs."""
    folder = tmp_path_factory.mktemp("class")
    for name, way in WAYS.items():
        hand_in(folder, name, filled_in(standardize=TELLS.format(way)))
    for number in range(12):
        hand_in(folder, f"digit-{number}", filled_in(standardize=DIGIT))
    ran = grade(folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder


def scores(folder):
    return {name: record["cells"]["test_standardize"]["score"] for name, record in records_in(folder).items()}


@pytest.mark.parametrize("way", WAYS)
def test_no_page_tells_a_hidden_input(folder, way):
    told = re.compile(r"TOLD\W*\[\[-?\d+\.\d{4}")  # the inputs in hints are the same for everybody, and short
    text = (folder / "feedback" / way / "scaling" / "scaling.html").read_text()
    shown = html.unescape(re.sub("<[^>]*>", "", text))
    assert shown.count("TOLD") >= 4
    outputs = [cell.outputs for cell in graded_notebook(folder, way).cells if cell.cell_type == "code"]
    for output in (shown, str(outputs), str(records_in(folder)[way])):
        assert told.search(output) is None
    assert "not shown, because this part of the test is hidden" in page(folder, way)


def test_students_have_different_inputs_and_a_regrade_the_same(folder):
    before = scores(folder)
    same = {before[f"digit-{number}"] for number in range(12)}
    assert same == {0, 3}  # by chance alone, all twelve are alike once in 2048 classes
    ran = grade(folder, "--force")
    assert ran.returncode == 0, ran.stderr
    assert scores(folder) == before


def test_the_seed_is_in_no_file_that_a_student_gets(folder):
    secret = (folder / FILE).read_text().strip()
    mine = str(submission_seed(secret, "scaling", "raises"))
    for path in [*folder.rglob("feedback/**/*"), *folder.rglob("autograded/**/*")]:
        if path.is_file():
            text = path.read_text()
            assert secret not in text, path
            assert mine not in text, path
