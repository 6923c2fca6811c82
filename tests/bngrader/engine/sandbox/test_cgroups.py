"""Control groups: where they can be made, and what they count and limit."""

import os
from contextlib import suppress
from pathlib import Path

import pytest

from bngrader.engine.sandbox import cgroups
from tests.conftest import lacking

MOUNTS_1 = """\
30 24 0:26 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
31 24 0:27 /docker/1f /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct
32 24 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate
"""
OWN_1 = "9:memory:/user.slice/session\n4:cpu,cpuacct:/docker/1f/inner\n0::/user.slice\n"


def test_the_own_group_is_found_in_each_hierarchy():
    mounts = cgroups._mounts(MOUNTS_1)
    assert cgroups._own_folder(mounts, OWN_1, "memory") == Path("/sys/fs/cgroup/memory/user.slice/session")
    assert cgroups._own_folder(mounts, OWN_1, "cpuacct") == Path("/sys/fs/cgroup/cpu,cpuacct/inner")
    assert cgroups._own_folder(mounts, OWN_1, cgroups.V2) == Path("/sys/fs/cgroup/unified/user.slice")
    assert cgroups._own_folder(mounts, OWN_1, "pids") is None


@pytest.fixture
def hierarchy(tmp_path):
    """Make folders like those of version 2, with a group that this user may write to."""
    for folder in (tmp_path, tmp_path / "own"):
        folder.mkdir(exist_ok=True)
        (folder / "cgroup.procs").write_text("")
        (folder / "cgroup.subtree_control").write_text("cpu")
    return tmp_path


def find_2(top, own="/own"):
    mounts = cgroups._mounts(f"32 24 0:28 / {top} rw - cgroup2 cgroup2 rw\n")
    return cgroups._version_2(mounts, f"0::{own}\n")


def test_a_group_that_is_not_delegated_is_left_alone(hierarchy):
    (hierarchy / "cgroup.subtree_control").chmod(0o400)
    place = find_2(hierarchy)
    assert (hierarchy / "own" / "cgroup.subtree_control").read_text() == "cpu"
    assert place is None or place.folders["memory"] == hierarchy


def test_a_delegated_group_passes_its_controllers_on(hierarchy, monkeypatch):
    monkeypatch.setattr(cgroups, "_is_delegated", lambda folder: folder.name == "own")
    (hierarchy / "own" / "cgroup.procs").write_text("1234\n")
    place = find_2(hierarchy)
    assert place == cgroups.Place(2, dict.fromkeys(cgroups.NEEDED, hierarchy / "own"))
    assert (hierarchy / "own" / "cgroup.subtree_control").read_text() == "+memory +pids"
    assert (hierarchy / "own" / f"{cgroups.PREFIX}main" / "cgroup.procs").read_text() == "1234"


def test_the_top_is_used_where_it_has_the_controllers(hierarchy):
    (hierarchy / "cgroup.subtree_control").write_text("cpu memory pids")
    assert find_2(hierarchy) == cgroups.Place(2, dict.fromkeys(cgroups.NEEDED, hierarchy))


@pytest.fixture
def group():
    place = cgroups.find_place()
    if place is None:
        lacking("control groups", "run the tests as root, or under systemd-run --user --scope -p Delegate=yes")
    name = f"{cgroups.PREFIX}{os.getpid()}-test"
    made = cgroups.Cgroup(place, f"{name}/1", 100 << 20, 20)
    yield made
    made.remove()
    cgroups.remove_groups(name)
    assert not [folder for folder in place.folders.values() if (folder / name).exists()]


@pytest.mark.real
def test_groups_of_a_killed_grader_are_removed(group):
    place = cgroups.find_place()
    pid = os.fork()
    if pid == 0:
        cgroups.Cgroup(place, f"{cgroups.PREFIX}{os.getpid()}-left/1", 100 << 20, 20)
        os._exit(0)
    os.waitpid(pid, 0)
    left = [folder / f"{cgroups.PREFIX}{pid}-left" for folder in place.folders.values()]
    assert all(folder.exists() for folder in left)
    cgroups.remove_abandoned()
    assert not any(folder.exists() for folder in left)
    for folder in place.folders.values():
        assert (folder / f"{cgroups.PREFIX}{os.getpid()}-test" / "1").exists()


@pytest.mark.real
def test_a_group_counts_and_limits_its_processes(group):
    pid = os.fork()
    if pid == 0:
        group.join()
        kept = []
        while True:
            kept.append(bytearray(b"1") * (1 << 20))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -9
    assert group.ran_out_of_memory()
    assert group.cpu_seconds() > 0


def open_places():
    """Yield the files and folders that this process has open."""
    for fd in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # the one by which the list was read
            yield os.readlink(f"/proc/self/fd/{fd}")


@pytest.mark.real
def test_a_group_that_joined_holds_no_way_out(group):
    assert any("cgroup" in place for place in open_places())
    pid = os.fork()
    if pid == 0:
        group.join()
        os._exit(any("cgroup" in place for place in open_places()))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
