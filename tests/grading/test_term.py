"""Tests of a term with three students, from release to feedback, with nbgrader's exchange and formgrader."""

import os
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime

import nbformat
import pytest

from bngrader.gradebook.revision import REVISED
from tests.conftest import TIMEOUT_S, jupyter_lab
from tests.grading import sample_class
from tests.grading.commands import BIN, COURSE
from tests.grading.term import Term

STUDENTS = ("ada", "ben", "cleo")
DDOF = nbformat.writes(sample_class.with_mistake("standardize", "divides by N - 1"))  # 12 of 15
SHIFTS = nbformat.writes(sample_class.with_mistake("inverse_standardize", "shifts before it scales"))  # 13 of 15
RIGHT = nbformat.writes(sample_class.filled_in())
WRITTEN = sample_class.WRITTEN
TABLE = "a,b\n1,2\n"

# The points that two graders give to ada and ben.
REMOVED = "test_inverse_standardize_edges"
GIVEN = {WRITTEN: (4, 3), "test_standardize": (2.5, 1.5), REMOVED: (0.5, 0.25), "test_min_max_scale": (1, 2)}

# The instructor's edits of the solution, which also loses the test REMOVED.
NEW_TEST = """# %% test="test_standardize_again" points=2
from bngrader.check import call, close

x = np.array([[1.0], [3.0]])
close(call(standardize, x, z=(2, 1), mean=(1,), std=(1,))[0], [[-1], [1]], "the second test holds", x=x)

"""
EDITS = {
    'test="test_standardize" points=3': 'test="test_standardize" points=4',
    'written="written_new_patient" points=5': 'written="written_new_patient" points=6',
    'rng = hidden_rng("apply_standardize")\n': "assert False, 'a stricter test'\n",
    '# %% test="test_standardize_constant"': f'{NEW_TEST}# %% test="test_standardize_constant"',
}


def scores(records):
    return {student: record["score"] for student, record in records.items()}


def run_at_once(function, students):
    """Call a function for several students at the same time, and return the results."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(function, students))


class Form:
    """A student's submission, open in formgrader in its own browser."""

    def __init__(self, browser, term, address, student):
        self.student = student
        with term.gradebook() as book:
            name = book.find_submission_notebook("scaling", "scaling", student).id
        self.page = browser.new_context().new_page()
        self.page.set_default_timeout(1000 * TIMEOUT_S)
        with self._loaded():
            self.page.goto(f"{address}/formgrader/submissions/{name}/")

    def _loaded(self):
        return self.page.expect_response(lambda response: "/formgrader/api/grades" in response.url)

    def reload(self, box):
        with self._loaded():
            self.page.reload()
        # The page fills in the scores some time after the response.
        self.page.wait_for_function("box => document.getElementById(box).value !== ''", arg=box)
        return self.page.locator(f"#{box}").input_value()

    def saved(self):
        """Return a context that waits at its end until something has been saved."""
        return self.page.expect_response(lambda response: response.request.method == "PUT" and response.ok)

    def fill(self, box, value):
        self.page.locator(f"#{box}").fill(str(value))

    def leave(self, box):
        self.page.locator(f"#{box}").blur()

    def give(self, box, value):
        self.fill(box, value)
        with self.saved():
            self.leave(box)


def fill_in_at_once(forms, box, values):
    """Fill in a box of each form, then leave all boxes, which saves them, before the server answers any of them."""
    for form, value in zip(forms, values, strict=True):
        form.fill(box, value)
    with ExitStack() as stack:
        for form in forms:
            stack.enter_context(form.saved())
        for form in forms:
            form.leave(box)


@pytest.fixture(scope="module")
def term(tmp_path_factory):
    """Release the assignment, and let all students fetch it."""
    term = Term(tmp_path_factory.mktemp("term"))
    term.nbgrader("generate_assignment", "scaling")
    term.nbgrader("release_assignment", "scaling")
    run_at_once(lambda student: term.student(student, "fetch_assignment", "scaling"), STUDENTS)
    return term


@pytest.fixture(scope="module")
def first(term):
    """Grade the first submissions of ada, and of ben, who adds other files."""
    beside = {"ben": {"notes.txt": "see table", "data/table.csv": TABLE}}
    notebooks = {"ada": DDOF, "ben": SHIFTS}
    run_at_once(lambda student: term.submit(student, notebooks[student], **beside.get(student, {})), notebooks)
    term.nbgrader("collect", "scaling")
    return term.grade()


@pytest.fixture(scope="module")
def second(term, first):
    """Grade again: ada has corrected her notebook, ben's is unreadable now, and cleo is late."""
    term.submit("ada", RIGHT)
    term.submit("ben", RIGHT[:1000])
    term.nbgrader("db", "assignment", "add", "scaling", f"--duedate={datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f} UTC")
    term.submit("cleo", RIGHT)
    term.nbgrader("collect", "scaling", "--update")
    return term.grade()


@pytest.fixture(scope="module")
def third(term, second):
    """Grade again: ben has an extension, and hands in his first notebook without the notes."""
    with term.gradebook() as book:
        book.grant_extension("scaling", "ben", days=1)
    (term.home("ben") / "scaling" / "notes.txt").unlink()
    term.submit("ben", SHIFTS)
    term.nbgrader("collect", "scaling", "--update")
    return term.grade()


@pytest.fixture(scope="module")
def by_hand(term, third, chromium):
    """Score ada and ben by two graders at the same time, each with a server, while a round grades all again.

    Returns the score of the written answer that each grader sees for the other's student after a reload.
    """
    with ExitStack() as stack:
        again = stack.enter_context(term.grading("--force"))
        servers = [stack.enter_context(jupyter_lab(term.folder, BIN)) for _ in range(2)]
        forms = [Form(chromium, term, *place) for place in zip(servers, ("ada", "ben"), strict=True)]
        # Each server reads the other's student before the scores change, so it must read again later.
        others = [Form(chromium, term, *place) for place in zip(servers, ("ben", "ada"), strict=True)]
        for cell, points in GIVEN.items():
            fill_in_at_once(forms, cell, points)
        fill_in_at_once(forms, f"{WRITTEN}-comment", ("Say why, too.", "By how much?"))
        seen = {form.student: form.reload(WRITTEN) for form in others}
        out, err = again.communicate(timeout=TIMEOUT_S)
        assert again.returncode == 0, out + err
        cleo = Form(chromium, term, servers[0], "cleo")
        cleo.give(WRITTEN, 5)
        for form in [*forms, *others, cleo]:
            form.page.context.close()
    return seen


@pytest.fixture(scope="module")
def returned(term, by_hand):
    """Grade again, which renews the pages, release the feedback, and return the records and the fetched pages."""
    records, _ = term.grade()
    term.nbgrader("release_feedback", "scaling")
    return records, dict(zip(STUDENTS, run_at_once(term.fetched_page, STUDENTS), strict=True))


@pytest.fixture(scope="module")
def revised(term, returned):
    """Grade a changed assignment: a stricter hidden test, other points for two cells, a new test, a removed one."""
    text = term.solution.read_text()
    for old, new in EDITS.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    start = text.index(f'# %% test="{REMOVED}"')
    end = text.index("# %%", start + 1)
    term.solution.write_text(text[:start] + text[end:])
    return *term.grade(), text[start:end]


@pytest.fixture(scope="module")
def restored(term, revised):
    """Put the removed test back, and grade ben by nbgrader's own commands; returns their output."""
    with term.solution.open("a") as file:
        file.write(f"\n{revised[2]}")
    output = term.nbgrader("generate_assignment", "scaling", "--force")
    term.nbgrader("autograde", "scaling", "--student=ben", "--force")
    return output


@pytest.mark.slow
def test_students_fetch_the_notebook_that_is_in_git(term):
    committed = sample_class.REPOSITORY / "exercises" / "scaling" / "scaling.ipynb"
    for student in STUDENTS:
        assert (term.home(student) / "scaling" / "scaling.ipynb").exists()
    assert (term.exchange / COURSE / "outbound/scaling/scaling.ipynb").read_bytes() == committed.read_bytes()


@pytest.mark.slow
def test_collected_submissions_are_graded(first):
    records, _ = first
    assert scores(records) == {"ada": 12, "ben": 13}
    assert {record["status"] for record in records.values()} == {"needs_manual"}


@pytest.mark.slow
def test_extra_files_are_copied_to_the_graded_notebook(term, first):
    graded = term.folder / "autograded" / "ben" / "scaling"
    assert (graded / "notes.txt").read_text() == "see table"
    assert (graded / "data" / "table.csv").read_text() == TABLE


@pytest.mark.slow
def test_a_resubmission_replaces_the_grade(second):
    records, _ = second
    assert records["ada"]["score"] == 15


@pytest.mark.slow
def test_an_unreadable_resubmission_keeps_the_old_grade(second):
    ben = second[0]["ben"]
    assert (ben["status"], ben["score"]) == ("failed", None)
    assert "is not a notebook (it is cut off or damaged)" in ben["error"]
    assert ben["error"].endswith("The grade of the earlier submission stays: 13 of 20.")


@pytest.mark.slow
def test_the_same_notebook_handed_in_again_is_not_run_again(third):
    records, output = third
    assert scores(records) == {"ada": 15, "ben": 13, "cleo": 15}
    assert "Already graded and unchanged: 3." in output


@pytest.mark.slow
def test_an_extra_file_missing_from_a_resubmission_is_gone(term, third):
    graded = term.folder / "autograded" / "ben" / "scaling"
    assert not (graded / "notes.txt").exists()
    assert (graded / "data" / "table.csv").read_text() == TABLE


@pytest.mark.slow
def test_two_graders_and_a_round_at_once_lose_no_score(by_hand, returned):
    assert by_hand == {"ada": "4", "ben": "3"}
    records, _ = returned
    for number, student in enumerate(("ada", "ben")):
        cells = records[student]["cells"]
        assert {cell: cells[cell]["score"] for cell in GIVEN} == {cell: both[number] for cell, both in GIVEN.items()}
        assert records[student]["status"] == "graded"
    assert scores(returned[0]) == {"ada": 15 - 3 - 1 - 2 + 8, "ben": 13 - 3 - 2 + 6.75, "cleo": 20}


@pytest.mark.slow
def test_each_student_fetches_the_score_and_the_comment(returned):
    _, pages = returned
    assert "Score: 17 of 20 points" in pages["ada"]
    assert "Say why, too." in pages["ada"]
    assert "Score: 14.75 of 20 points" in pages["ben"]
    assert "By how much?" in pages["ben"]


@pytest.mark.slow
def test_late_penalties_include_points_given_by_hand(returned):
    assert "Score: 0 of 20 points" in returned[1]["cleo"]


@pytest.mark.slow
def test_a_changed_assignment_keeps_manual_scores(revised):
    records, output, _ = revised
    for change in (
        "test_standardize now has 4 points instead of 3",
        f"{WRITTEN} now has 6 points instead of 5",
        f"{REMOVED} was removed",
        "test_standardize_again is new, with 2 points",
    ):
        assert change in output
    assert {record["max_score"] for record in records.values()} == {20 + 1 + 1 + 2 - 1}
    ada = {name: cell["score"] for name, cell in records["ada"]["cells"].items()}
    assert REMOVED not in ada
    kept = {cell: both[0] for cell, both in GIVEN.items() if cell != REMOVED}
    assert ada == ada | kept | {"test_standardize_again": 2, "test_apply_standardize": 0}
    assert records["ada"]["status"] == "needs_manual"  # the points of cells that were scored by hand have changed


@pytest.mark.slow
def test_only_changed_cells_wait_for_another_look(term, revised):
    with term.gradebook() as book:
        grades = book.find_submission_notebook("scaling", "scaling", "ada").grades
        waiting = {grade.name for grade in grades if grade.needs_manual_grade}
    assert waiting == {WRITTEN, "test_standardize"}


@pytest.mark.slow
def test_a_removed_test_leaves_nothing_in_the_graded_notebooks(term, revised):
    assert REMOVED in (term.folder / "submitted/ada/scaling/scaling.ipynb").read_text()
    for place in ("autograded/ada/scaling/scaling.ipynb", "feedback/ada/scaling/scaling.html"):
        text = (term.folder / place).read_text()
        assert "the second test holds" in text
        assert REMOVED not in text
        assert "No module named" not in text


@pytest.mark.slow
def test_nbgraders_own_commands_grade_a_changed_assignment(term, revised, restored):
    assert REVISED in restored
    with term.gradebook() as book:
        ben = book.find_submission("scaling", "ben")
        assert book.find_grade(REMOVED, "scaling", "scaling", "ben").manual_score == GIVEN[REMOVED][1]  # is back
        assert ben.score == revised[0]["ben"]["score"] + GIVEN[REMOVED][1]


@pytest.mark.slow
def test_the_exchange_has_the_permissions_that_nbgrader_asks_for(term, returned):
    course = term.exchange / COURSE
    modes = {
        "..": 0o777,
        ".": 0o755,
        "outbound": 0o755,
        "outbound/scaling": 0o755,
        "inbound": 0o2733,
        "feedback": 0o711,
    }
    assert {name: stat.S_IMODE((course / name).stat().st_mode) for name in modes} == modes
    handed_in = list((course / "inbound").iterdir())
    assert len(handed_in) == 6
    assert {stat.S_IMODE(place.stat().st_mode) for place in handed_in} == {0o777}
    files = [*course.glob("inbound/*/*.*"), course / "outbound/scaling/scaling.ipynb"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o644}
    if os.geteuid() == 0:  # only root can run commands as another user
        for place in [term.exchange, *term.exchange.parents][1:-1]:
            place.chmod(place.stat().st_mode | 0o011)
        assert succeeds_for_another_user("cat", course / "outbound/scaling/scaling.ipynb")
        assert succeeds_for_another_user("mkdir", course / "inbound/another")
        assert not succeeds_for_another_user("ls", course / "inbound")
        assert not succeeds_for_another_user("ls", course / "feedback")
        assert not succeeds_for_another_user("mkdir", course / "outbound/another")


def succeeds_for_another_user(*command):
    return subprocess.run(command, user="nobody", capture_output=True, check=False).returncode == 0
