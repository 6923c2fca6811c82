"""Tests that grading works wherever the clone, its Python, the class and the output files are."""

import json
import os
import shutil
import tempfile
from pathlib import Path

import nbformat
import pytest

from bngrader.engine.sandbox import namespaces
from tests.conftest import lacking
from tests.grading.places import USER, Clone, give_to, python_in
from tests.grading.sample_class import ASSIGNMENT, filled_in, with_mistake

# `make test` grades as an ordinary user in tests/bngrader/engine/test_execute.py.
pytestmark = pytest.mark.slow

IS_ROOT = os.geteuid() == 0
USERS = [None, USER] if IS_ROOT else [None]
ODD = "a place, 'quoted' 자리 "
# Prints which secret files a student's answer can see, and the contents of its own folder.
LOOK = """
import os
found = [name for name in (@SECRETS@) if os.path.exists(name) and (os.path.isdir(name) or os.path.getsize(name))]
print("SEEN", [(name, os.listdir(name)) for name in found if not os.path.isdir(name) or os.listdir(name)])
print("BESIDE", os.listdir("."))
"""
EXPECTED = {"ada": 15, "ben": 12}


@pytest.fixture(scope="module", autouse=True)
def _isolation():
    if why := namespaces.available():
        lacking("the sandbox", why)


@pytest.fixture
def place(request):
    """Yield a new folder in the place that the test names, and remove it at the end."""
    yield from new_place(request.param)


@pytest.fixture(scope="module")
def clone():
    """Yield a clone that belongs to the user who runs the tests, and that others may read."""
    for folder in new_place("/var/tmp"):
        made = clone_in(folder)
        folder.chmod(0o755)
        yield made


def new_place(parent):
    if not os.access(parent, os.W_OK):
        lacking(f"a place in {parent}", "run the tests as root")
    folder = Path(tempfile.mkdtemp(prefix=ODD, dir=parent))  # only its owner may enter it, like a home folder
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def clone_in(place):
    """Make a clone in a place, with an environment whose Python is there too."""
    clone = Clone(place / "clone")
    clone.make(python_in(place / "python"))
    return clone


def hand_in(course, *secret):
    """Hand in two submissions: a right one that looks for secrets, and one that divides by N - 1."""
    secrets = ", ".join(repr(str(path)) for path in (course, *secret))
    right = filled_in()
    answer = next(cell for cell in right.cells if cell.id == "standardize")
    answer.source += LOOK.replace("@SECRETS@", secrets)
    for student, notebook in {"ada": right, "ben": with_mistake("standardize", "divides by N - 1")}.items():
        path = course / "submitted" / student / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)


def grades(clone, folder, user=None, **how):
    """Grade a class of two in a new folder, with its gradebook and records, and return the scores by student."""
    course, database, records = folder / "class", folder / "grades.db", folder / "records.json"
    hand_in(course, database, clone.folder / "solutions")
    if user is not None:
        give_to(folder, user)
    options = ["--course", course, "--db", f"sqlite:///{database}", "--json", records]
    ran = clone.run("grade", ASSIGNMENT, *options, user=user, **how)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Warning" not in ran.stderr
    found = {record["student"]: record for record in json.loads(records.read_text())}
    assert {student: record["error"] for student, record in found.items()} == {"ada": None, "ben": None}
    graded = nbformat.read(course / "autograded" / "ada" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb", as_version=4)
    printed = "".join(output.get("text", "") for cell in graded.cells for output in cell.get("outputs", []))
    assert "SEEN []\nBESIDE []\n" in printed
    return {student: record["score"] for student, record in found.items()}


@pytest.mark.parametrize("place", ["/tmp", "/var/tmp", "/dev/shm", "/home", "/root"], indirect=True)
def test_a_class_in_any_place_is_graded(place):
    clone = clone_in(place)
    assert grades(clone, place / "one") == EXPECTED
    if IS_ROOT and place.parent != Path("/root"):
        give_to(place, USER)
        assert grades(clone, place / "two", USER) == EXPECTED


@pytest.mark.parametrize("place", ["/var/tmp"], indirect=True)
def test_python_behind_symbolic_links_is_found(place):
    """The clone, its Python and some packages are links; the class is in the environment's folder."""
    made = clone_in(place)
    (place / "real").mkdir()
    for name in ("clone", "python"):
        (place / name).rename(place / "real" / name)
        (place / name).symlink_to(f"real/{name}")
    packages = next((place / "real" / "clone" / ".venv" / "lib").glob("*/site-packages"))
    (place / "cache").mkdir()
    for name in ("scipy", "six.py"):
        (packages / name).rename(place / "cache" / name)
        (packages / name).symlink_to(place / "cache" / name)
    for user in USERS:
        give_to(place, user)
        assert grades(made, made.folder / ".venv" / f"class of {user}", user) == EXPECTED


@pytest.mark.parametrize("place", ["/var/tmp"], indirect=True)
def test_an_environment_made_with_umask_077_works(place):
    clone = clone_in(place)
    for user in USERS:
        give_to(place, user, copies=True)
        assert grades(clone, place / f"class of {user}", user, umask=0o077) == EXPECTED


@pytest.mark.parametrize(
    "environment", [{"HOME": None}, {"HOME": "/proc"}, {"PATH": "/nowhere"}, {"TMPDIR": "/nowhere"}], ids=str
)
def test_a_class_is_graded_in_an_odd_environment(clone, environment):
    """The user may not write to the clone, and has only a number on this system."""
    for folder in new_place("/var/tmp"):
        give_to(folder, USERS[-1])
        assert grades(clone, folder / "new", USERS[-1], environment=environment) == EXPECTED


@pytest.mark.parametrize(
    ("without", "script"),
    [
        ("a network", 'exec "$@"'),
        ("room for temporary files", 'mount -t tmpfs -o size=16k none "$TMPDIR" && exec "$@"'),
    ],
)
def test_a_class_is_graded_without_a_network_or_disk_space(clone, without, script):
    if not IS_ROOT:
        lacking(f"a machine without {without}", "run the tests as root")
    for folder in new_place("/var/tmp"):
        (folder / "small").mkdir()
        before = ["unshare", "--net", "--mount", "sh", "-c", script, "sh"]
        how = {"before": before, "environment": {"TMPDIR": str(folder / "small")}}
        assert grades(clone, folder / "new", **how) == EXPECTED


def test_a_folder_that_cannot_be_entered_is_named(clone):
    if not IS_ROOT:
        lacking("a folder that belongs to another", "run the tests as root")
    for folder in new_place("/var/tmp"):
        for option in ("--course", "--json"):
            ran = clone.run("grade", ASSIGNMENT, option, folder / "within" / "place", user=USER)
            assert ran.returncode == 2
            assert ran.stderr.count("\n") == 1
            assert str(folder) in ran.stderr
            assert "Permission denied" in ran.stderr
