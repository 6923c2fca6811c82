"""Tests that a digest covers the code of a module and of all that it imports in its package, and nothing else."""

import shutil

import pytest

from bnref.experiments.code_digest import code_digest, imported_names
from tests.conftest import REPOSITORY

MODULES = {
    "__init__.py": '"""A package."""\n',
    "top.py": "from lab.direct import value\n\n\ndef run():\n    return value()\n",
    "direct.py": '"""Words."""\n\nfrom lab import deep\n\n\ndef value():\n    """More."""\n    return deep.VALUE\n',
    "deep.py": "VALUE = 1\n",
    "unrelated.py": "VALUE = 1\n",
    "lazy.py": "def run():\n    from . import deep\n\n    return deep.VALUE\n",
    "relative/__init__.py": "from ..deep import VALUE\n",
    "relative/inner.py": "from . import other\n",
    "relative/other.py": "VALUE = 1\n",
    "dynamic/__init__.py": "import importlib\n\nPARTS = [importlib.import_module(f'{__name__}.{n}') for n in 'ab']\n",
    "dynamic/a.py": "VALUE = 1\n",
    "dynamic/b.py": "from lab import deep\n",
    "star.py": "from lab.dynamic import *\n",
    "circle.py": "import lab.partner\n",
    "partner.py": "import lab.circle\nimport lab.deep\n",
}


@pytest.fixture
def package(tmp_path):
    for name, code in MODULES.items():
        path = tmp_path / "lab" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    return tmp_path / "lab"


def changes(package, name, edited, code="VALUE = 2\n"):
    """Return whether the digest of module `name` is another after `code` was added to a file."""
    before = code_digest([name], package)
    path = package / edited
    path.write_text(path.read_text() + code)
    return code_digest([name], package) != before


@pytest.mark.parametrize("edited", ["top.py", "direct.py", "deep.py", "__init__.py"])
def test_code_that_is_imported_counts(package, edited):
    assert changes(package, "lab.top", edited)


@pytest.mark.parametrize(
    ("name", "edited"),
    [
        ("lab.lazy", "deep.py"),
        ("lab.relative", "deep.py"),
        ("lab.relative.inner", "relative/other.py"),
        ("lab.relative.other", "relative/__init__.py"),
        ("lab.dynamic", "dynamic/a.py"),
        ("lab.dynamic", "deep.py"),
        ("lab.star", "dynamic/a.py"),
        ("lab.circle", "deep.py"),
        ("*", "unrelated.py"),
    ],
)
def test_every_way_to_import_counts(package, name, edited):
    assert changes(package, name, edited)


@pytest.mark.parametrize(("name", "edited"), [("lab.top", "unrelated.py"), ("lab.deep", "top.py"), ("*", "data.txt")])
def test_what_is_not_imported_does_not_count(package, name, edited):
    (package / "data.txt").touch()
    assert not changes(package, name, edited)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Words", "Other words"),
        ("More", "Less"),
        ("\n    return", "  # why\n\n    return"),
        ("deep.VALUE", "(\n        deep.VALUE\n    )"),
    ],
)
def test_comments_docstrings_and_layout_do_not_count(package, old, new):
    before = code_digest(["lab.top"], package)
    path = package / "direct.py"
    code = path.read_text()
    path.write_text(code.replace(old, new))
    assert path.read_text() != code
    assert code_digest(["lab.top"], package) == before


def test_a_string_that_the_code_uses_counts(package):
    (package / "deep.py").write_text("VALUE = 'one'\n")
    before = code_digest(["lab.top"], package)
    (package / "deep.py").write_text("VALUE = 'two'\n")
    assert code_digest(["lab.top"], package) != before


def test_a_new_module_of_a_dynamic_package_counts(package):
    before = code_digest(["lab.dynamic"], package)
    (package / "dynamic" / "c.py").write_text("")
    assert code_digest(["lab.dynamic"], package) != before


def test_a_single_file_can_be_the_package(tmp_path):
    path = tmp_path / "alone.py"
    path.write_text("import numpy\nVALUE = 1\n")
    before = code_digest(["alone", "numpy"], path)
    path.write_text("import numpy\nVALUE = 2\n")
    assert code_digest(["alone", "numpy"], path) != before


def test_names_are_found_in_functions_and_branches():
    source = "if True:\n    import a.b\n\n\ndef f():\n    async def g():\n        from c import d\n"
    assert set(imported_names(source)) == {"a.b", "c", "c.d"}


@pytest.fixture
def copied(tmp_path):
    """Copy the reference package, and return a function for the digests of its experiments by name."""
    folder = shutil.copytree(REPOSITORY / "bnref", tmp_path / "bnref")
    names = sorted(path.stem for path in (folder / "experiments").glob("*.py"))
    return folder, lambda: {name: code_digest([f"bnref.experiments.{name}"], folder) for name in names}


def test_code_of_scaling_changes_few_experiments(copied):
    folder, digests = copied
    before = digests()
    path = folder / "experiments" / "scaling.py"
    path.write_text(path.read_text() + "VALUE = 1\n")
    changed = {name for name, digest in digests().items() if digest != before[name]}
    assert {"scaling", "batches"} <= changed
    assert not changed & {"placement", "cnn", "covariate_shift", "introduction", "norm_types", "training"}


def test_comments_in_all_modules_change_no_experiment(copied):
    folder, digests = copied
    before = digests()
    for path in folder.rglob("*.py"):
        path.write_text(f"# A comment.\n{path.read_text()}\n\n# Another.\n")
    assert digests() == before
