"""Tests of the repository: complete sections, package boundaries, pinned versions, and no stray files."""

import ast
import re
import subprocess
import sys
import tomllib

import jupytext
import pytest
import yaml

from tests.conftest import REPOSITORY

KINDS = [
    "book/{}.md",
    "bnref/{}.py",
    "bnref/experiments/{}.py",
    "bnref/claims/{}.py",
    "bnref/figures/{}.py",
    "solutions/{}.py",
    "tests/bnref/test_{}.py",
    "tests/bnref/experiments/test_{}.py",
    "tests/bnref/figures/test_{}.py",
    "tests/book/statements/{}.yaml",
]
KINDS_OF_AN_ASSIGNMENT = [
    "exercises/{0}/{0}.ipynb",
    "bngrader/check/mistakes/{}/__init__.py",
    "tests/answers/{}.py",
]
IMPORTABLE_FROM = {
    "bnref/": {"bnref"},
    "bngrader/": {"bngrader"},
    "solutions/": {"bngrader"},
    "prose/": set(),
}


def tracked():
    listed = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.splitlines() if (REPOSITORY / name).is_file()]


def sections():
    toc = yaml.safe_load((REPOSITORY / "_toc.yml").read_text())
    chapters = next(part for part in toc["parts"] if part["caption"] == "Chapters")["chapters"]
    return [chapter["file"].removeprefix("book/") for chapter in chapters]


SECTIONS = sections()
EXECUTED = ["introduction", "laboratory", *SECTIONS, "today", "depth"]
ASSIGNMENTS = sorted(path.stem for path in (REPOSITORY / "solutions").glob("*.py"))

# A host in an address, or a word that ends with a common top-level domain.
HOSTS = re.compile(
    r"://(?:[^/@\s\"']*@)?([a-z0-9.-]+)|[\"'@\s]((?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|edu|ai|app|internal))\b"
)
# Reserved by RFC 2606 and RFC 6761, or the XML namespaces of formats that the tests read.
RESERVED = re.compile(r"(.+\.)?(example(\.(com|net|org))?|invalid|test|localhost|internal)|www\.(w3|idpf)\.org")
ADDRESSES = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")
# Loopback, "any", and the addresses that RFC 5737 reserves for documentation.
OWN_ADDRESSES = re.compile(r"127\.\d+\.\d+\.\d+|0\.0\.0\.0|192\.0\.2\.\d+|198\.51\.100\.\d+|203\.0\.113\.\d+")
CLAUSE = re.compile(r"(What|Whether|Which|Where|How|When|That|Of|If|Who|Whose|Why|\.\.\.)\b")
WAITS = re.compile(r"\b(?:sleep|wait_for_timeout|Timer|setTimeout)\(")
# The number of waits in each file that do not stand for an event. A fixed time is too short on a busy machine.
ALLOWED_WAITS = {
    "tests/conftest.py": 1,  # polls a server that starts
    "tests/bngrader/engine/test_execute.py": 7,  # in the code of submissions, as in the attacks
    "tests/grading/attacks/exhausting.py": 3,
    "tests/grading/attacks/leaving.py": 2,
    "tests/grading/attacks/wire.py": 3,
    "tests/grading/faults/test_outliving.py": 2,  # in a submission, and between looks at other processes
    "tests/grading/faults/test_refused.py": 1,  # the test is about how long a lock lasts
}


def cells(section):
    return [cell for cell in jupytext.read(REPOSITORY / "book" / f"{section}.md").cells if cell.cell_type == "code"]


def missing(kinds, slugs):
    """Return the files that are missing for some slug."""
    names = [kind.format(slug) for kind in kinds for slug in slugs]
    return [name for name in names if not (REPOSITORY / name).is_file()]


def test_every_section_has_each_kind_of_file():
    assert missing(KINDS, SECTIONS) == []


def test_every_assignment_has_each_kind_of_file():
    assert missing(KINDS_OF_AN_ASSIGNMENT, ASSIGNMENTS) == []


def test_a_removed_assignment_leaves_no_files():
    places = {"exercises": "*", "bngrader/check/mistakes": "*/__init__.py", "tests/answers": "[!_]*.py"}
    for place, names in places.items():
        found = [path.relative_to(REPOSITORY / place).parts[0] for path in (REPOSITORY / place).glob(names)]
        slugs = {name.removesuffix(".py") for name in found}
        assert slugs == set(ASSIGNMENTS), place


@pytest.mark.parametrize("section", EXECUTED)
def test_a_chapters_cells_are_short(section):
    assert max(len(cell.source.splitlines()) for cell in cells(section)) <= 20
    shown = [
        line
        for cell in cells(section)
        if "remove-cell" not in cell.metadata.get("tags", [])
        for line in cell.source.splitlines()
    ]
    assert [line for line in shown if len(line) > 76] == []


@pytest.mark.parametrize("section", EXECUTED)
def test_every_drawing_cell_has_an_alt_text_and_a_caption(section):
    drawing = [cell for cell in cells(section) if "figures.draw" in cell.source]
    assert drawing
    for cell in drawing:
        image = cell.metadata.get("mystnb", {}).get("image", {})
        assert len(image.get("alt", "").split()) >= 12, cell.source
        assert cell.metadata["mystnb"]["figure"]["caption"]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_chapter_has_a_summary_a_quiz_and_citations(section):
    text = (REPOSITORY / "book" / f"{section}.md").read_text()
    for heading in ("## Summary", "## Check yourself", "## The assignment"):
        assert heading in text
    questions = re.findall(r"^\*\*(\d)\. ", text, re.MULTILINE)
    assert 3 <= len(questions) <= 5
    assert text.count("{cite:p}") >= 3
    quiz = text.split("## Check yourself")[1]
    assert len(re.findall(r"^Right\.", quiz, re.MULTILINE)) == len(questions)


def test_no_module_imports_upward():
    for name in tracked():
        allowed = next((parts for place, parts in IMPORTABLE_FROM.items() if name.startswith(place)), None)
        if allowed is not None and name.endswith(".py"):
            text = (REPOSITORY / name).read_text()
            found = set(
                re.findall(
                    r"^\s*(?:from|import) (bnref|bngrader|book|tests|solutions|benchmarks)\b", text, re.MULTILINE
                )
            )
            assert found <= allowed, name


def test_the_reference_functions_import_only_numpy():
    # These may import torch inside functions that work on torch networks.
    about_torch = {"internal_covariate_shift.py", "placement.py", "cnn.py"}
    for path in [*(REPOSITORY / "bnref").glob("*.py"), *(REPOSITORY / "bnref/core").glob("*.py")]:
        found = set(re.findall(r"^(\s*)(?:from|import) (\w+)", path.read_text(), re.MULTILINE))
        elsewhere = {
            (indent, name) for indent, name in found if name not in {"numpy", "bnref", *sys.stdlib_module_names}
        }
        assert {name for _, name in elsewhere} <= ({"torch"} if path.name in about_torch else set()), path.name
        assert all("    " in indent for indent, _ in elsewhere), path.name


def test_importing_the_reference_functions_imports_no_torch():
    modules = [f"bnref.{path.stem}" for path in (REPOSITORY / "bnref").glob("*.py") if path.stem != "__init__"]
    code = f"import sys, {', '.join(modules)}; print(sorted({{'torch', 'sklearn', 'matplotlib'}} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_a_students_notebook_needs_only_numpy():
    paths = (REPOSITORY / "bngrader/check").rglob("*.py")
    for path in [REPOSITORY / "bngrader/__init__.py", REPOSITORY / "bngrader/loopback.py", *paths]:
        found = set(re.findall(r"^(?:from|import) (\w+)", path.read_text(), re.MULTILINE))
        assert found <= {"numpy", "bngrader", *sys.stdlib_module_names}, path.name


def test_the_lock_pins_versions_and_names_no_registry():
    lines = (REPOSITORY / "requirements.lock").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9._-]*==[A-Za-z0-9.]+( ; [a-z0-9_ .\"=<]+)?", pin) for pin in pins)
    assert "torch==2.13.0" in pins
    assert '"resolved"' not in (REPOSITORY / "package-lock.json").read_text()


def test_the_lock_has_every_package_of_pyproject():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(need for extra in project["optional-dependencies"].values() for need in extra),
    ]
    names = {re.match(r"[A-Za-z0-9-]+", need)[0] for need in wanted} - {"bncourse"}
    pinned = {
        line.split("==")[0] for line in (REPOSITORY / "requirements.lock").read_text().splitlines() if "==" in line
    }
    assert names <= pinned


def test_no_file_is_generated_or_too_long():
    for name in tracked():
        if name.startswith(("exercises/", "book/_extra/")) or name == "package-lock.json":
            continue
        assert not name.endswith((".ipynb", ".log", ".html", ".whl", ".db")), name
        # Solutions are notebooks, and tests are often tables, so both may be longer.
        if name.endswith(".py") and not name.startswith(("solutions/", "tests/")):
            assert len((REPOSITORY / name).read_text().splitlines()) <= 300, name


def texts(*folders):
    """Yield the name and the text of each tracked text file in some folders."""
    for name in tracked():
        if name.startswith(folders) and not name.endswith((".png", ".svg")):
            yield name, (REPOSITORY / name).read_text()


def test_tests_name_only_reserved_hosts():
    for name, text in texts("tests/", "benchmarks/"):
        if name != "tests/test_house.py":
            hosts = {"".join(found).rstrip(".") for found in HOSTS.findall(text)}
            hosts -= set(ADDRESSES.findall(text))
            assert {host for host in hosts if not RESERVED.fullmatch(host)} == set(), name
            assert {one for one in ADDRESSES.findall(text) if not OWN_ADDRESSES.fullmatch(one)} == set(), name


def test_tests_wait_for_events_instead_of_a_fixed_time():
    waits = {name: len(WAITS.findall(text)) for name, text in texts("tests/")}
    more = {name: count for name, count in waits.items() if count > ALLOWED_WAITS.get(name, 0)}
    assert more == {}, "wait for the event itself, or add the file to ALLOWED_WAITS with the reason"


def test_the_package_version_is_the_same_everywhere():
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    assert f"version: {version}" in (REPOSITORY / "CITATION.cff").read_text()
    for page in ("students.md", "index.md"):
        named = set(re.findall(r"bncourse-([\d.]+)-py3", (REPOSITORY / "book" / page).read_text()))
        assert named == {version}


MARKS = r'\$\(PYTEST\)(?: -m "?([a-z ]+)"?)?$'


def tiers():
    """Return the marks that each make target selects, or None if it runs all tests."""
    recipes = re.findall(r"^(check|test[a-z-]*):.*\n((?:\t.*\n)+)", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    return {command: re.search(MARKS, recipe, re.MULTILINE)[1] for command, recipe in recipes}


def test_the_tiers_add_up_to_all_tests():
    assert tiers() == {"check": "not real and not slow", "test": "not slow", "test-slow": "slow", "test-all": None}
    assert re.findall(r"^make (\S+)", (REPOSITORY / ".ci" / "run").read_text(), re.MULTILINE) == ["test", "test-slow"]


def test_names_of_tests_are_short():
    names = [name for _, text in texts("tests/") for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)]
    assert [name for name in names if len(name) > 60] == []


def test_make_help_explains_every_target():
    listed = subprocess.run(["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    for command in (
        "book",
        "check",
        "test",
        "test-all",
        "serve",
        "exercises",
        "sample",
        "lint",
        "bench",
        "lock",
        "clean",
    ):
        assert f"make {command} " in listed


def first_lines(name):
    """Yield the first line of each docstring of a file."""
    for node in ast.walk(ast.parse((REPOSITORY / name).read_text())):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
            yield text.partition("\n")[0]


def test_docstrings_open_with_an_imperative_or_a_noun():
    """Ruff's D401 finds other forms of verbs in functions; this finds the clauses that D401 lets pass."""
    names = [name for name in tracked() if name.endswith(".py") and not name.startswith(("solutions/", "exercises/"))]
    found = {name: [line for line in first_lines(name) if CLAUSE.match(line)] for name in names}
    assert len(names) > 200
    assert {name: lines for name, lines in found.items() if lines} == {}
