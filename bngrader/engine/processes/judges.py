"""The forks of the zygote for judges."""

import os
import socket
from typing import Any

from bngrader.engine.cells.shell import Shell
from bngrader.engine.judge import judge
from bngrader.engine.judge.supervisor import Supervisor
from bngrader.engine.protocol.channel import Channel
from bngrader.engine.sandbox.resources import memory, set_limits
from bngrader.engine.sandbox.system_calls import set_dumpable

JUDGE_BYTES = 2 << 30  # of data that a judge may have in addition to what it starts with and receives


def begin(shell: Shell, options: dict[str, Any], fds: list[int]) -> None:
    """Run the tests of one submission: `judge.judge` says how."""
    control, commands = (socket.socket(fileno=fd) for fd in fds)
    os.chdir("/")
    set_dumpable(False)  # so that no other process of this user reads its memory
    data_bytes = memory().data + 4 * (options["message_mb"] << 20) + JUDGE_BYTES
    set_limits({"RLIMIT_DATA": data_bytes, "RLIMIT_CORE": 0})
    judge.main(Channel(control), Supervisor(commands, options["message_mb"] << 20), shell)
