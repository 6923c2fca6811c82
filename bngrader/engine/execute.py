"""Run one repaired notebook in place: its answers in a sandbox, its tests in a judge."""

import json
import os
import select
import signal
import socket
import time
from typing import Any

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_locked, is_solution

from bngrader.engine.cells import outputs
from bngrader.engine.judge.job import ANSWER, BOTH, TEST, CodeCell, JudgeJob
from bngrader.engine.judge.supervisor import END, GONE, INTERRUPT, START
from bngrader.engine.processes.launcher import PACKAGES, Forked, ZygoteError, allowed, zygote
from bngrader.engine.protocol.channel import Channel
from bngrader.engine.sandbox import namespaces
from bngrader.engine.sandbox.forbidden_imports import packages
from bngrader.engine.settings import Engine

NEEDED = (
    "cpu_seconds",
    "memory_mb",
    "processes",
    "file_mb",
    "folder_mb",
    "open_files",
    "output_bytes",
    "message_mb",
    "private",
    "unsafe_no_sandbox",
)
SLACK_SECONDS = 30.0  # over its time, after which a judge or a monitor is taken for lost


def execute(notebook: NotebookNode, settings: Engine) -> None:
    """Run the code cells of `notebook`, whose metadata are the instructor's, and fill in their outputs.

    Raises SandboxMissing where this machine has no sandbox and the settings do not allow to do without, and ZygoteError
    where what starts the processes was lost: the next try starts it again.
    """
    namespaces.require(settings.unsafe_no_sandbox)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in cells:
        cell.outputs, cell.execution_count = [], None
    todo = [cell for cell in cells if cell.source.strip()]
    run = _Run(todo, settings, _forbidden(notebook))
    while run.first < len(todo):
        if time.monotonic() < run.end:
            run.go_on()
        else:
            run.give_up(f"the notebook took longer than the {settings.notebook_seconds:g} seconds that it may take")


def _kind(cell: NotebookNode) -> CodeCell:
    """Where a code cell runs, by its nbgrader metadata."""
    grade_id = str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
    if is_grade(cell) and not is_solution(cell):
        return CodeCell(TEST, cell.source, grade_id)
    return CodeCell(BOTH if is_locked(cell) else ANSWER, cell.source, grade_id)


def imports(notebook: NotebookNode) -> list[list[str]]:
    """What the zygotes import that the answers and the tests of a notebook need: one list, or two."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    lean, full = _imports(cells, _forbidden(notebook))
    return [lean] if lean == full else [lean, full]


def _imports(cells: list[NotebookNode], forbidden: list[str]) -> tuple[list[str], list[str]]:
    """What the answers may use, and what the tests use besides."""
    absent = packages(forbidden)
    used = any(name in cell.source for cell in cells if _kind(cell).kind != ANSWER for name in absent)
    lean = allowed(forbidden)
    return lean, PACKAGES if used else lean


def _forbidden(notebook: NotebookNode) -> list[str]:
    return [str(name) for name in notebook.metadata.get("forbidden", [])]


class _Run:
    """One submission: its cells, and the processes that run them."""

    def __init__(self, cells: list[NotebookNode], settings: Engine, forbidden: list[str]) -> None:
        self.cells, self.settings = cells, settings
        # The zygote sees no more than this, since what it has seen, the submissions that it forks can find.
        self.options = {name: getattr(settings, name) for name in NEEDED} | {"forbidden": forbidden}
        self.lean, self.full = (zygote(packages) for packages in _imports(cells, forbidden))
        self.first = 0
        self.end = time.monotonic() + settings.notebook_seconds
        self.student: Forked | None = None
        self.status = -1

    def go_on(self) -> None:
        """Run a judge from the first cell that has not run; where it stops before the end, give up one cell."""
        control, theirs = socket.socketpair()
        commands, orders = socket.socketpair()
        judge = self.full.fork("judge", self.options, [theirs.fileno(), orders.fileno()])
        theirs.close()
        orders.close()
        try:
            self._follow(Channel(control), commands)
        finally:
            judge.close()
            self._end_student(signal.SIGTERM)
            control.close()
            commands.close()

    def _follow(self, control: Channel, commands: socket.socket) -> None:
        job = JudgeJob([_kind(cell) for cell in self.cells], self.settings, self.first)
        control.send(job.as_dict())
        limit = time.monotonic() + SLACK_SECONDS
        while self.first < len(self.cells):
            left = min(limit, self.end) - time.monotonic()
            ready, _, _ = select.select([control.sock, commands], [], [], max(left, 0))
            if not ready:
                if time.monotonic() < self.end:
                    self.give_up("the test took too long and was stopped")
                return
            if commands in ready:
                self._obey(commands)
            if control.sock in ready:
                try:
                    message, _ = control.receive(time.monotonic() + SLACK_SECONDS)
                except (EOFError, OSError, TimeoutError):
                    if self.lean.gone() or self.full.gone():
                        raise ZygoteError("the process that starts the others ended") from None
                    self.give_up("the test's process ended")
                    return
                if "begin" in message:
                    limit = time.monotonic() + message["seconds"] + SLACK_SECONDS
                else:
                    self._fill(message)

    def give_up(self, why: str) -> None:
        """Leave one cell with an error, and go on after it."""
        self.cells[self.first].outputs = [NotebookNode(outputs.error("LimitReached", why))]
        self.first += 1

    def _fill(self, message: dict[str, Any]) -> None:
        cell = self.cells[message["cell"]]
        cell.outputs = [_node(output) for output in message["outputs"]]
        cell.execution_count = message["count"]
        self.first = message["cell"] + 1

    def _obey(self, commands: socket.socket) -> None:
        order = commands.recv(16)
        if order == START:
            ours = self._start_student()
            socket.send_fds(commands, [b"1"], [ours.fileno()])
            ours.close()
        elif order == INTERRUPT:
            if self.student:
                self.student.send(signal.SIGUSR1)
            commands.send(b"1")
        elif order in (END, GONE):
            commands.send(json.dumps(self._end_student(signal.SIGUSR2 if order == GONE else signal.SIGTERM)).encode())

    def _start_student(self) -> socket.socket:
        self._end_student(signal.SIGTERM)
        ours, theirs = socket.socketpair()
        self.status, status = os.pipe()
        self.student = self.lean.fork("student", self.options, [theirs.fileno(), status])
        os.close(status)
        theirs.close()
        return ours

    def _end_student(self, number: int) -> str:
        """Have the student's process ended; gives the reason for which it had ended, if it had."""
        if self.student is None:
            return ""
        self.student.send(number)
        ready, _, _ = select.select([self.status], [], [], SLACK_SECONDS)
        said = os.read(self.status, 1 << 12) if ready else b""
        self.student.close()
        os.close(self.status)
        self.student = None
        return str(json.loads(said)) if said else ""


def _node(output: dict[str, Any]) -> NotebookNode:
    node = NotebookNode(output)
    for name in ("data", "metadata"):
        if name in node:
            node[name] = NotebookNode(node[name])
    return node
