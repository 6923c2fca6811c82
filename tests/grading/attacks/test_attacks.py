"""Tests that no attack earns undeserved points, finds a secret, or harms others graded in the same batch.

`make test` grades one attack of each kind; all others are slow.
"""

import json
import os
import re
import socket
import sqlite3
import sysconfig
from functools import cache
from pathlib import Path

import nbformat
import pytest

from tests.conftest import REPOSITORY
from tests.grading.attacks import exhausting, forbidden, leaving, looking, lying, metadata, patching, reaching, wire
from tests.grading.attacks.attack import FULL, right
from tests.grading.commands import grade, graded_notebook, records_in

KINDS = (patching, lying, looking, forbidden, wire, exhausting, leaving, reaching, metadata)
ATTACKS = {name: attack for kind in KINDS for name, attack in kind.ATTACKS.items()}
# The attacks in `make test`: one of each kind, and one for each resource that can be exhausted.
OF_EACH_KIND = (
    "patch-isclose",
    "lie-equal",
    "raise-check-failed",
    "spy-files",
    "use-bnref-within",
    "forbidden",
    "wire-forged",
    "loop-in-a-call",
    "fork-bomb",
    "memory",
    "print-in-a-call",
    "file-600-megabytes",
    "exit-in-a-call",
    "crash",
    "processes-that-stay",
    "write-neighbor",
    "network",
    "leftover-1",
    "leftover-2",
    "leftover-3",
    "meta-points",
    "meta-script",
    "right-pasted-twice",
)
HONEST = {
    "a-right": right(),
    "m-with-a-secret": right("# LEAKED-OUT: what a neighbor wrote"),
    "z-right": right(),
}
BATCHES = {
    "one of each kind": {name: ATTACKS[name] for name in OF_EACH_KIND},
    "the others": {name: attack for name, attack in ATTACKS.items() if name not in OF_EACH_KIND},
}
MARK = "86399.5"  # how many seconds an attack's leftover processes sleep: finds them among all processes
PWNED = "pwned-by-a-submission"
LIMITS = """
c = get_config()
c.Engine.cell_seconds = 6
c.Engine.call_seconds = 3
c.Engine.memory_mb = 700
c.Engine.hidden_seed = 4711
"""


class Listeners:
    """Sockets of the grading machine that must be out of reach in a sandbox."""

    def __init__(self, home):
        self.tcp, self.udp = socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.tcp.bind(("127.0.0.1", 0))
        self.udp.bind(("127.0.0.1", self.port))
        self.by_path, self.abstract = (socket.socket(socket.AF_UNIX) for _ in range(2))
        self.by_path.bind(str(home / PWNED))
        self.abstract.bind(f"\0{PWNED}")
        for listener in self.streams:
            listener.listen()

    @property
    def port(self):
        return self.tcp.getsockname()[1]

    @property
    def streams(self):
        return self.tcp, self.by_path, self.abstract

    def reached(self):
        """Yield the connections and datagrams that arrived, at most one for each socket."""
        for listener in (*self.streams, self.udp):
            listener.setblocking(False)
            try:
                yield listener.recv(100) if listener is self.udp else listener.accept()
            except BlockingIOError:
                continue


def links(course):
    """Return the target of each submission that is a link to something outside the student's folder."""
    neighbor = course / "submitted" / "a-right" / "scaling"
    return {
        "link-to-a-neighbor": neighbor / "scaling.ipynb",
        "link-to-the-solution": REPOSITORY / "_build" / "nbgrader" / "source" / "scaling" / "scaling.ipynb",
        "link-to-the-gradebook": course / "gradebook.db",
        "link-to-nowhere": course / "nowhere",
        "link-to-a-folder": neighbor,
    }


LINKS = list(links(Path()))


def add_links(course):
    for student, target in links(course).items():
        place = course / "submitted" / student / "scaling"
        place = place if student == "link-to-a-folder" else place / "scaling.ipynb"
        place.parent.mkdir(parents=True)
        place.symlink_to(target)


def files(folder):
    """Return the contents of each file below a folder; for a link, its target."""
    return {
        path.relative_to(folder): path.readlink() if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    (folder / ".netrc").write_text("LEAKED-OUT by the home folder")
    return folder


@pytest.fixture(scope="module")
def listeners(home):
    return Listeners(home)


def for_each_batch(test):
    """Run a test on each batch; a decorator."""
    cases = ["one of each kind", pytest.param("the others", marks=pytest.mark.slow)]
    return pytest.mark.parametrize("course", cases, indirect=True)(test)


def for_each(attacks):
    """Run a test on each of these attacks, with the batch and the name of the attack; a decorator."""
    cases = [(batch, name) for batch, those in BATCHES.items() for name in attacks if name in those]
    marked = [pytest.param(*case, marks=[pytest.mark.slow] * (case[0] == "the others"), id=case[1]) for case in cases]
    return pytest.mark.parametrize(("course", "student"), marked, indirect=["course"])


@pytest.fixture
def course(request, graded):
    """Return the folder of a graded batch."""
    return graded(request.param)


@pytest.fixture(scope="module")
def graded(tmp_path_factory, home, listeners):
    """Return a function that grades each batch once; pytest would set up a parametrized fixture again and again."""
    return cache(lambda batch: grade_batch(batch, tmp_path_factory.mktemp("class"), home, listeners))


def grade_batch(batch, folder, home, listeners):
    places = {
        "PORT": listeners.port,
        "SOCKET": PWNED,
        "PWNED": PWNED,
        "MARK": MARK,
        "HOME": home,
        "REPOSITORY": REPOSITORY,
    }
    for student, attack in (BATCHES[batch] | HONEST).items():
        attack.write(folder, student, **places)
    add_links(folder)
    (folder / "nbgrader_config.py").write_text(LIMITS)
    handed_in = files(folder / "submitted")
    secrets = {"HOME": str(home), "COURSE_SECRET": "LEAKED-OUT by the environment"}
    # Many attacks only wait until a limit of time ends them, so more of them than cores run at once.
    ran = grade(folder, "--jobs", 4, cwd=folder, env=os.environ | secrets, errors="replace")
    assert ran.returncode == 0, ran.stdout[-5000:] + ran.stderr[-5000:]
    (folder / "printed.txt").write_text(ran.stdout + ran.stderr)
    assert files(folder / "submitted") == handed_in
    return folder


@pytest.fixture
def everyone(course):
    """Return the attacks and the honest submissions of the batch, without the links."""
    names = {path.name for path in (course / "submitted").iterdir()} - set(LINKS)
    return {name: (ATTACKS | HONEST)[name] for name in names}


@pytest.fixture
def records(course):
    return records_in(course)


def scores(record):
    return {name: cell["score"] for name, cell in record["cells"].items() if name in FULL}


def printed(notebook):
    """Return all outputs of a graded notebook but errors, as JSON."""
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return json.dumps([output for output in outputs if output.output_type != "error"])


@for_each(ATTACKS)
def test_an_attack_earns_only_what_its_honest_answers_earn(records, student):
    got, deserved = scores(records[student]), ATTACKS[student].deserves
    assert records[student]["error"] is None
    assert set(got) == set(deserved)
    assert all(got[cell] <= deserved[cell] for cell in got)
    assert got == deserved or not ATTACKS[student].certain


@for_each_batch
@pytest.mark.parametrize("student", HONEST)
def test_an_honest_submission_among_attacks_keeps_its_points(records, student):
    assert scores(records[student]) == FULL
    assert (records[student]["status"], records[student]["score"]) == ("needs_manual", 15)
    assert not any(cell["hints"] for cell in records[student]["cells"].values())


@for_each_batch
@pytest.mark.parametrize("student", LINKS)
def test_a_link_is_refused_with_a_message_of_one_line(records, student):
    record = records[student]
    assert (record["status"], record["score"], record["cells"]) == ("failed", None, {})
    assert "link" in record["error"]
    assert len(record["error"].splitlines()) == 1


@for_each_batch
def test_the_round_grades_everybody_and_prints_the_counts(course, everyone, records):
    output = (course / "printed.txt").read_text()
    assert set(records) == set(everyone) | set(LINKS)
    assert f"{len(records)} submissions: {len(everyone)} wait for a person's grade, {len(LINKS)} failed." in output
    assert "Traceback" not in output


@for_each(ATTACKS)
def test_an_attack_shows_no_secret_in_its_outputs(course, student):
    assert_nothing_secret_is_shown(course, student)


@for_each_batch
@pytest.mark.parametrize("student", HONEST)
def test_an_honest_submission_shows_no_secret(course, student):
    assert_nothing_secret_is_shown(course, student)


def assert_nothing_secret_is_shown(course, student):
    shown = printed(graded_notebook(course, student))
    feedback = (course / "feedback" / student / "scaling" / "scaling.html").read_text()
    assert "LEAKED-OUT" not in shown
    assert "HIDDEN TESTS" not in shown + feedback
    assert max(len(shown), len(feedback)) < 4 << 20


@for_each([*looking.SPIES, "leftover-1", "leftover-2", "leftover-3"])
def test_every_spy_ran_to_its_end(course, student):
    cell = next(cell for cell in graded_notebook(course, student).cells if cell.id == "standardize")
    assert "looked" in printed(nbformat.v4.new_notebook(cells=[cell]))


STOPPED_BY = {
    "loop-in-a-call": "3 seconds",
    "loop-deaf-to-signals": "3 seconds",
    "exit-in-a-call": "ended",
    "crash": "ended",
    "forbidden": "The answer used sklearn.preprocessing, but it may use only NumPy and the standard library.",
    "use-bnref-within": "bnref",
}


@for_each(STOPPED_BY)
def test_the_limit_that_stopped_an_attack_is_named(records, student):
    assert STOPPED_BY[student] in " ".join(records[student]["cells"]["test_standardize_constant"]["hints"])


@for_each_batch
def test_no_attack_reached_a_socket(course, listeners):
    assert list(listeners.reached()) == []


@for_each_batch
def test_no_process_outlives_the_batch(course):
    left = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            left += [process] if MARK.encode() in process.read_bytes() else []
        except OSError:
            continue
    assert left == []


@for_each_batch
def test_no_file_appeared_outside(course, everyone, home):
    expected = {
        "submitted",
        "autograded",
        "feedback",
        "gradebook.db",
        "nbgrader_config.py",
        "scores.json",
        "printed.txt",
    }
    assert {path.name for path in course.iterdir()} - {"gradebook.db-wal", "gradebook.db-shm"} == expected
    packages = Path(sysconfig.get_path("purelib"))
    for folder in (
        home,
        REPOSITORY,
        packages,
        Path("/tmp"),
        Path("/var/tmp"),
        Path("/dev/shm"),
        Path.home(),
        Path("/"),
    ):
        left = {path.name for path in folder.iterdir() if not path.is_socket()}
        assert not left & {PWNED, "leftover", "large", "link", "done", "sitecustomize.py"}, folder
    assert not list(home.rglob("startup/00.py"))
    page = {"scaling.html", "timestamp.txt", "submission_secret.txt"}  # the last two for nbgrader's release_feedback
    for student in everyone:
        assert {path.name for path in (course / "feedback" / student / "scaling").iterdir()} == page
        assert not any(path.is_symlink() for path in (course / "autograded" / student).rglob("*"))


@for_each_batch
def test_the_gradebook_is_undamaged(course, everyone, records):
    gradebook = sqlite3.connect(course / "gradebook.db")
    assert gradebook.execute("pragma integrity_check").fetchall() == [("ok",)]
    graded = "select count(*), sum(auto_score), sum(manual_score) from grade where auto_score is not null"
    count, total, manual = gradebook.execute(graded).fetchone()
    assert (count, manual) == (len(FULL) * len(everyone), None)
    assert total == sum(sum(scores(records[student]).values()) for student in everyone)
    assert gradebook.execute("select sum(max_score) from grade_cells").fetchone() == (20,)


@for_each(["meta-script"])
def test_no_script_of_a_student_is_in_feedback_or_notebook(course, student):
    feedback = (course / "feedback" / student / "scaling" / "scaling.html").read_text()
    assert f"<script>fetch('/formgrader/api/{PWNED}')" not in feedback
    assert not re.search(r"<[^<>]*\bonerror=", feedback)
    assert 'href="javascript:alert' not in feedback
    kinds = {
        kind
        for cell in graded_notebook(course, student).cells
        for output in cell.get("outputs", [])
        for kind in output.get("data", {})
    }
    assert not kinds & {"text/html", "application/javascript"}
