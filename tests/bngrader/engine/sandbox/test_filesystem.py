"""The plan of a sandbox shows Python at its real places, and nothing private."""

import os
import sys

import pytest

from bngrader.engine.sandbox import filesystem


@pytest.fixture(autouse=True)
def _nothing_remembered():
    for remembered in (filesystem._wanted, filesystem._others):
        remembered.cache_clear()
    yield
    for remembered in (filesystem._wanted, filesystem._others):
        remembered.cache_clear()


def shown(path, steps):
    return filesystem._shown(os.path.realpath(path), steps)


def test_a_loop_of_symbolic_links_is_an_error(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(OSError, match=f"the symbolic links of {tmp_path}/a form a loop"):
        filesystem.real(f"{tmp_path}/a")


def test_each_link_on_the_way_is_noted(tmp_path):
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "one").symlink_to("real")
    (tmp_path / "two").symlink_to(tmp_path / "one" / "deep")
    links = {}
    assert filesystem.real(str(tmp_path / "two" / "file"), links) == str(tmp_path / "real" / "deep" / "file")
    assert links == {str(tmp_path / "two"): str(tmp_path / "one" / "deep"), str(tmp_path / "one"): "real"}


def test_python_is_shown_and_the_course_is_not():
    steps = filesystem.plan([]).steps
    assert all(shown(path, steps) for path in (sys.executable, sys.prefix, os.__file__))
    assert not any(shown(path, steps) for path in (filesystem.checkout(), "/root", "/home", "/tmp", "/etc/passwd"))


def test_only_allowed_packages_and_what_they_need_are_shown():
    (place,) = {folder for folder in filesystem.packages() if (folder / "numpy").is_dir()}
    for allowed, there in [(["numpy"], False), (["numpy.testing", "torch.nn"], True)]:
        steps = filesystem.plan(allowed).steps
        assert all(shown(place / name, steps) for name in ("numpy", "numpy.libs", "matplotlib", "PIL", "IPython"))
        assert not any(shown(place / name, steps) for name in ("scipy", "sklearn", "nbgrader", "pytest"))
        assert not shown(place, steps)
        assert {shown(place / name, steps) for name in ("torch", "sympy", "networkx")} == {there}


def test_no_packages_of_another_python_are_shown(tmp_path, monkeypatch):
    (tmp_path / "lib" / "python3.99" / "site-packages" / "scipy").mkdir(parents=True)
    (tmp_path / "lib" / "python3" / "dist-packages").mkdir(parents=True)
    monkeypatch.setattr(filesystem, "PYTHONS", (str(tmp_path / "lib"),))
    monkeypatch.setattr(filesystem, "SYSTEM", (str(tmp_path),))
    steps = filesystem.plan(["numpy"]).steps
    assert shown(tmp_path / "lib", steps)
    assert not shown(tmp_path / "lib" / "python3.99" / "site-packages" / "scipy", steps)
    assert not shown(tmp_path / "lib" / "python3" / "dist-packages", steps)


@pytest.mark.parametrize("place", ["class", "grades.db"])
def test_private_files_are_hidden_in_visible_folders(place):
    path = os.path.join(sys.base_prefix, "lib", place)
    steps = filesystem._steps({"/usr", sys.base_prefix}, {path})
    assert filesystem._shown(os.path.dirname(path), steps)
    assert not filesystem._shown(path, steps)


def test_an_environment_within_a_hidden_folder_is_shown():
    steps = filesystem._steps({"/usr", "/usr/local/clone/.venv"}, {"/usr/local", "/usr/local/clone"})
    assert [(step.path, step.shown) for step in steps] == [
        ("/usr", True),
        ("/usr/local", False),
        ("/usr/local/clone/.venv", True),
    ]


def test_the_working_folder_is_empty_though_python_is_beside_it(tmp_path, monkeypatch):
    monkeypatch.setattr(filesystem, "FOLDER", str(tmp_path.parent))
    assert filesystem.plan([]).folder == str(tmp_path.parent)
    filesystem._wanted.cache_clear()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert filesystem.plan([]).folder == f"{tmp_path.parent}/submission"


def test_a_package_that_only_its_owner_may_read_has_an_owner(tmp_path, monkeypatch):
    monkeypatch.setattr(filesystem, "packages", lambda: [tmp_path])
    monkeypatch.setattr(filesystem, "_course", list)
    for name, mode in (("closed", 0o700), ("open", 0o755)):
        (tmp_path / name).mkdir(mode=mode)
        (tmp_path / name / "__init__.py").touch()
    assert filesystem.closed(str(tmp_path / "closed")) == (os.geteuid(), os.getegid())
    assert filesystem.closed(str(tmp_path / "open")) is None
