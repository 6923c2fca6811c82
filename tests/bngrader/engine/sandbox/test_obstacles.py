"""Tests that the message names the cause, and the way out, if a machine cannot isolate submissions."""

import errno
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from bngrader.engine.sandbox import namespaces, obstacles
from tests.conftest import REPOSITORY, lacking

pytestmark = pytest.mark.real

TRY = [sys.executable, "-m", "bngrader.engine.sandbox.namespaces"]
FILTERED = """
import os, sys
from bngrader.engine.sandbox import seccomp
seccomp.install()
os.execv(sys.argv[1], sys.argv[1:])
"""

WITHOUT_ADMIN = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]
WHO = """
import os
from pathlib import Path
from bngrader.engine.sandbox.namespaces import Sandbox
Sandbox()
print(Path("/proc/self/uid_map").read_text().split()[1], os.geteuid())
"""


@pytest.fixture(autouse=True)
def _isolation():
    if why := namespaces.available():
        lacking("the sandbox", why)


def explanation_under(*command):
    """Try the sandbox under a command that restricts it, and return the last line of the error."""
    ran = subprocess.run([*command, *TRY], cwd=REPOSITORY, capture_output=True, text=True)
    assert ran.returncode != 0
    return ran.stderr.strip().splitlines()[-1]


def test_a_limit_of_zero_user_namespaces_is_named():
    without_rights = "exec setpriv --bounding-set=-all --inh-caps=-all"
    script = f'echo 0 > /proc/sys/user/max_user_namespaces && {without_rights} "$@"'
    explanation = explanation_under("unshare", "--user", "--map-root-user", "sh", "-c", script, "sh")
    assert explanation.startswith("the setting user.max_user_namespaces = 0 of this system forbids user namespaces")
    assert "sudo sysctl -w user.max_user_namespaces=15000" in explanation


def test_a_root_without_capabilities_is_named():
    if os.geteuid() != 0:
        lacking("root", "run the tests as root")
    explanation = explanation_under("setpriv", "--bounding-set=-all", "--inh-caps=-all")
    assert explanation.startswith("root lacks the capability CAP_SYS_ADMIN here")
    assert "--cap-add SYS_ADMIN" in explanation


def test_a_root_who_is_the_only_user_is_refused():
    if os.geteuid() != 0:
        lacking("root", "run the tests as root")
    alone = ["unshare", "--user", "--map-root-user", *WITHOUT_ADMIN]
    assert explanation_under(*alone).startswith("root lacks the capability CAP_SYS_ADMIN here")


def test_a_root_who_cannot_mount_becomes_another_user():
    if os.geteuid() != 0:
        lacking("root", "run the tests as root")
    command = [*WITHOUT_ADMIN, sys.executable, "-c", WHO]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    outside, inside = map(int, ran.stdout.split())
    assert outside > namespaces.FIRST_UID
    assert inside == namespaces.INSIDE


def test_a_containers_filter_of_system_calls_is_named():
    explanation = explanation_under(sys.executable, "-c", FILTERED)
    assert explanation.startswith("a filter of system calls, such as containers have, forbids namespaces here")
    assert "--security-opt seccomp=unconfined" in explanation


@pytest.mark.parametrize(
    ("setting", "value"),
    [("sys/kernel/unprivileged_userns_clone", "0"), ("sys/kernel/apparmor_restrict_unprivileged_userns", "1")],
)
def test_a_setting_that_forbids_namespaces_is_named(tmp_path, setting, value):
    (tmp_path / setting).parent.mkdir(parents=True)
    (tmp_path / setting).write_text(f"{value}\n")
    explanation = obstacles.explain(OSError(errno.EACCES, "mount: Permission denied"), tmp_path)
    name = setting.removeprefix("sys/").replace("/", ".")
    assert f"the setting {name} = {value} of this system" in explanation
    assert f"sudo sysctl -w {name}=" in explanation
    (tmp_path / setting).write_text(f"{1 - int(value)}\n")
    assert obstacles.explain(OSError(errno.EACCES, "mount: Permission denied"), tmp_path) == "mount: Permission denied"


def test_an_old_kernel_is_told_from_one_whose_calls_are_hidden(monkeypatch):
    missing = OSError(errno.ENOSYS, "mount_setattr: Function not implemented")
    monkeypatch.setattr(platform, "release", lambda: "5.10.0-28-amd64")
    assert obstacles.explain(missing).startswith("this kernel, Linux 5.10.0-28-amd64, is older than 5.12")
    monkeypatch.setattr(platform, "release", lambda: "6.1.0")
    assert "hides some of the kernel's" in obstacles.explain(missing)


def test_a_python_that_only_its_owner_may_read_is_named(tmp_path):
    with pytest.raises(OSError, match="which cannot be seen in the sandbox"):
        obstacles.require_readable([str(tmp_path / "python")])
    (tmp_path / "python").touch(mode=0)
    # As a user namespace without root's rights, where root is a user like others.
    code = f"from bngrader.engine.sandbox.obstacles import *; require_readable([{str(tmp_path / 'python')!r}])"
    ordinary = ["unshare", "--user", "--map-user=1234", "--map-group=1234"]
    ran = subprocess.run([*ordinary, sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True)
    assert f"chmod -R o+rX '{sys.prefix}'" in ran.stderr


def test_the_root_can_be_built_where_no_folder_is_free():
    """Mount /usr on each folder that the sandbox could use to build its root."""
    assert Path("/tmp").is_dir()
    script = 'for place in mnt media srv opt home; do mount --bind /usr /$place; done; exec "$@"'
    apart = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    ran = subprocess.run([*apart, "sh", "-c", script, "sh", *TRY], cwd=REPOSITORY)
    assert ran.returncode == 0
