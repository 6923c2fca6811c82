"""Run one repaired notebook in place: its answers in a sandbox, its tests in a judge."""

import json
import os
import select
import signal
import socket
import time
from typing import Any

import nbformat
from nbformat import NotebookNode

from bngrader.engine.cells import outputs
from bngrader.engine.cells.shell import Output
from bngrader.engine.judge.job import JudgeJob
from bngrader.engine.judge.supervisor import END, GONE, INTERRUPT, START
from bngrader.engine.plan import ExecutionPlan, make_plan
from bngrader.engine.processes.launcher import ANSWERS, JUDGES, Forked, ZygoteError, zygote
from bngrader.engine.protocol.channel import Channel
from bngrader.engine.sandbox import namespaces
from bngrader.engine.settings import Engine

SLACK_SECONDS = 30.0  # over its time, after which a judge or a monitor is taken for lost


def execute(notebook: NotebookNode, settings: Engine) -> None:
    """Run a notebook by the plan that its own cells and metadata make: `execute_plan` says the rest."""
    execute_plan(notebook, make_plan(notebook, settings))


def execute_plan(notebook: NotebookNode, plan: ExecutionPlan) -> None:
    """Run the code cells of `notebook`, whose metadata are the instructor's, and fill in their outputs.

    Raises SandboxMissing if this machine has no sandbox and the settings do not allow to do without, and ZygoteError if
    the process that starts the others was lost: the next try starts it again.
    """
    namespaces.require(plan.settings.unsafe_no_sandbox)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in cells:
        cell.outputs, cell.execution_count = [], None
    todo = [cell for cell in cells if cell.source.strip()]
    text = nbformat.v4.writes(notebook).encode(errors="replace")
    run = _Run(todo, plan, plan.settings.notebook_output_bytes - len(text))
    while run.first < len(todo):
        if time.monotonic() < run.end:
            run.go_on()
        else:
            seconds = plan.settings.notebook_seconds
            run.give_up(f"the notebook took longer than the {seconds:g} seconds that it may take")


class _Run:
    """One submission: its cells, and the processes that run them. The outputs may have up to `room` bytes."""

    def __init__(self, cells: list[NotebookNode], plan: ExecutionPlan, room: int) -> None:
        self.cells, self.plan = cells, plan
        self.room = room - outputs.SHORT_BYTES * len(cells)  # each cell can at least say that something is left out
        self.student_zygotes = [zygote(ANSWERS, packages) for packages in plan.student_packages]
        self.judge_zygote = zygote(JUDGES, plan.judge_packages)
        self.first = 0  # the first cell that has not run
        self.end = time.monotonic() + plan.settings.notebook_seconds
        # The student's processes, by number, each with the pipe by which its monitor reports.
        self.students: dict[int, tuple[Forked, int]] = {}

    def go_on(self) -> None:
        """Run a judge from the first cell that has not run. If it stops before the end, give one cell up."""
        control, judges_control = socket.socketpair()
        commands, judges_commands = socket.socketpair()
        fds = [judges_control.fileno(), judges_commands.fileno()]
        judge = self.judge_zygote.fork(self.plan.judge_options, fds)
        judges_control.close()
        judges_commands.close()
        try:
            self._follow(Channel(control), commands)
        finally:
            judge.close()
            for number in list(self.students):
                self._end_student(number, signal.SIGTERM)
            control.close()
            commands.close()

    def _follow(self, control: Channel, commands: socket.socket) -> None:
        """Send the judge its job, do what it asks for, and fill in what it reports."""
        cells, allowed = [self.plan.classify(cell) for cell in self.cells], list(map(list, self.plan.allowed))
        job = JudgeJob(cells, self.plan.settings, allowed, self.first)
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
                    if any(one.gone() for one in (*self.student_zygotes, self.judge_zygote)):
                        raise ZygoteError("the process that starts the others ended") from None
                    self.give_up("the test's process ended")
                    return
                if "begin" in message:
                    limit = time.monotonic() + message["seconds"] + SLACK_SECONDS
                else:
                    self._fill(message)

    def give_up(self, why: str) -> None:
        """Give the first cell that has not run an error, and go on after it."""
        self.cells[self.first].outputs = [NotebookNode(outputs.error("LimitReached", why))]
        self.first += 1

    def _fill(self, message: dict[str, Any]) -> None:
        cell = self.cells[message["cell"]]
        cell.outputs = [_node(output) for output in self._fitting(message["outputs"])]
        cell.execution_count = message["count"]
        self.first = message["cell"] + 1

    def _fitting(self, shown: list[Output]) -> list[Output]:
        """Return a cell's outputs, or a note instead if the notebook would become too large."""
        size = outputs.stored_bytes(shown)
        if size > self.room:
            most = f"{self.plan.settings.notebook_output_bytes:,}"
            return outputs.shortened(shown, f"[The rest is left out: a notebook may have at most {most} bytes.]\n")
        self.room -= size
        return shown

    def _obey(self, commands: socket.socket) -> None:
        """Do what the judge's supervisor asks for: start, interrupt or end one of the student's processes."""
        order, _, number = commands.recv(16).partition(b" ")
        if order == START:
            judges_end = self._start_student(int(number))
            socket.send_fds(commands, [b"1"], [judges_end.fileno()])
            judges_end.close()
        elif order == INTERRUPT:
            if int(number) in self.students:
                self.students[int(number)][0].send(signal.SIGUSR1)
            commands.send(b"1")
        elif order in (END, GONE):
            reason = self._end_student(int(number), signal.SIGUSR2 if order == GONE else signal.SIGTERM)
            commands.send(json.dumps(reason).encode())

    def _start_student(self, number: int) -> socket.socket:
        """Start a student's process, and return the end of its channel that is for the judge."""
        self._end_student(number, signal.SIGTERM)
        for_judge, for_student = socket.socketpair()
        reports, status = os.pipe()
        fds = [for_student.fileno(), status]
        student = self.student_zygotes[number].fork(self.plan.student_options(number), fds)
        self.students[number] = student, reports
        os.close(status)
        for_student.close()
        return for_judge

    def _end_student(self, number: int, signum: int) -> str:
        """Have a student's process ended, and return the reason if it had ended before."""
        if number not in self.students:
            return ""
        student, reports = self.students.pop(number)
        student.send(signum)
        ready, _, _ = select.select([reports], [], [], SLACK_SECONDS)
        report = os.read(reports, 1 << 12) if ready else b""
        student.close()
        os.close(reports)
        return str(json.loads(report)) if report else ""


def _node(output: dict[str, Any]) -> NotebookNode:
    """Return an output as nbformat has it, with nodes also within."""
    node = NotebookNode(output)
    for name in ("data", "metadata"):
        if name in node:
            node[name] = NotebookNode(node[name])
    return node
