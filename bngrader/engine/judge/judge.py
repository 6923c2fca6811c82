"""The judge: runs the tests in a process that the submission cannot reach, and has the answers run elsewhere."""

import functools
import os
import signal
import sys
import time
import types
from typing import Any

from bngrader.check import CheckFailed
from bngrader.check.assertions import HIDDEN_SEED
from bngrader.check.messages import FAILED_PREFIX
from bngrader.engine.cells import outputs, variables
from bngrader.engine.cells.shell import Output, Shell
from bngrader.engine.errors import OWN_TRACEBACK, LimitReached
from bngrader.engine.judge import hidden_part, student_errors
from bngrader.engine.judge.hand_over import missing_names
from bngrader.engine.judge.job import ANSWER, BOTH, TEST, CodeCell, JudgeJob
from bngrader.engine.judge.remote import Remote
from bngrader.engine.judge.session import Answers
from bngrader.engine.judge.supervisor import Supervisor
from bngrader.engine.protocol.channel import Channel
from bngrader.engine.sandbox.allowed_imports import rule

LATE_SECONDS = 5.0  # over its time, after which a test is interrupted that its own requests did not stop


class Judge:
    """Runs one submission."""

    def __init__(self, control: Channel, supervisor: Supervisor, shell: Shell, job: JudgeJob) -> None:
        self.control, self.shell, self.job = control, shell, job
        # Each cell is transformed several times.
        shell.transform_cell = functools.cache(shell.transform_cell)  # type: ignore[method-assign]
        own = [(allowed, supervisor.of(number)) for number, allowed in enumerate(job.allowed)]
        self.processes = [Answers(job.settings, names, one.start, one.interrupt, one.end) for names, one in own]
        self.answered = {cell.grade_id for cell in job.cells if cell.kind == ANSWER}
        self.trusted: set[str] = set()  # names that locked cells bind: never taken from the submission
        self.lost: set[str] = set()  # names that the student's processes lack: what uses them runs here only
        self.waiting: list[CodeCell] = []  # locked cells that use answers: they run here only if a test needs them
        self.fetched: dict[str, Any] = {}  # what the running test took from the submission
        self.ended: dict[str, str] = {}  # the errors of answers' cells, by name of the cell
        self.hidden = False  # True in the hidden part of a test

    def run(self) -> None:
        """Run all cells, and report the outputs of each."""
        for index, cell in enumerate(self.job.cells):
            self.control.send({"begin": index, "seconds": self.job.settings.cell_seconds})
            shown, count = self._cell(cell, f"<cell {index + 1}, {cell.grade_id}>", quiet=index < self.job.first)
            if index >= self.job.first:
                self.control.send({"cell": index, "outputs": shown, "count": count})
        for process in self.processes:
            process.close()

    def _cell(self, cell: CodeCell, file: str, quiet: bool) -> tuple[list[Output], int | None]:
        if cell.kind == TEST:
            return ([], None) if quiet else self._test(cell)
        source = self.shell.transform_cell(cell.source)
        student_errors.remember_source(file, source)
        if cell.kind == BOTH:
            self.lost |= missing_names(source, self.processes[0].allowed)
            if variables.used(source) & self.lost:
                return self._only_here(cell, source)
        ran = [process.run(cell.source, file) for process in self.processes]
        if cell.kind == ANSWER and (error := ran[cell.process].error):
            self.ended[cell.grade_id] = error
        if cell.kind == BOTH:
            self._locked(cell, source)
        return ran[0].outputs, ran[0].count

    def _locked(self, cell: CodeCell, source: str) -> None:
        """Run a locked cell here too, or only when a test needs it if it uses answers."""
        from_elsewhere = variables.used(source) - variables.bound(source) - self.trusted
        self.trusted |= variables.bound(source)
        if from_elsewhere & self.answered.union(*(process.names for process in self.processes)):
            self.waiting.append(cell)
        else:
            self._run(cell.source)

    def _only_here(self, cell: CodeCell, source: str) -> tuple[list[Output], int | None]:
        """Run a locked cell whose packages the student's processes lack, and give them the data that it made."""
        try:
            remote = self.processes[0].remote()
        except LimitReached as error:
            return [outputs.error("LimitReached", str(error))], None
        shown, bound = self._judged(cell, self.processes[0], remote), variables.bound(source)
        self.trusted |= bound
        values = {name: self.shell.user_ns[name] for name in bound & self.shell.user_ns.keys()}
        for process in self.processes:
            missed = process.give(values)
            self.lost |= missed if process is self.processes[0] else set()
        return outputs.merge(shown), self.shell.count

    def _test(self, cell: CodeCell) -> tuple[list[Output], int | None]:
        """Run a test, and once more in a new process if the first one ended.

        What earlier calls left behind in a process, such as used memory, must not fail a later test.
        """
        process = self.processes[cell.process]
        for attempt in (1, 2):
            try:
                remote = process.remote()
            except LimitReached as error:
                return [outputs.error("LimitReached", str(error))], None
            shown = [
                self._explained(output, process, remote.attempts) for output in self._judged(cell, process, remote)
            ]
            if remote.dead is None or remote.timed_out or attempt == 2:
                break
            self.shell.execution_count -= 1
        return outputs.merge(shown), self.shell.count

    def _judged(self, cell: CodeCell, process: Answers, remote: Remote) -> list[Output]:
        remote.deadline = time.monotonic() + self.job.settings.cell_seconds
        remote.attempts.clear()
        self._prepare(cell, process, remote)
        self.shell.user_ns[hidden_part.SWITCH] = functools.partial(self._switch, remote)
        shown = self._run(hidden_part.marked(cell.source)) + self._printed(remote)
        self._switch(remote, False)
        for name in [name for name, value in self.fetched.items() if self.shell.user_ns.get(name) is value]:
            del self.shell.user_ns[name]
        self.fetched.clear()
        remote.forget()
        remote.deadline = float("inf")
        return shown

    def _prepare(self, cell: CodeCell, process: Answers, remote: Remote) -> None:
        """Put all names in place that a test uses."""
        source = self.shell.transform_cell(cell.source)
        wanted = variables.used(source)
        for waiting in list(self.waiting):
            earlier = self.shell.transform_cell(waiting.source)
            if variables.bound(earlier) & {variables.STAR, *wanted}:
                self.waiting.remove(waiting)
                self._bind(process, remote, earlier)
                self._run(waiting.source)
        self._bind(process, remote, source)

    def _bind(self, process: Answers, remote: Remote, source: str) -> None:
        """Put the submission's objects under the names that a test takes from it."""
        here = self.shell.user_ns
        for name in ((variables.used(source) & process.names) | self.answered) - self.trusted:
            if name in self.answered or name not in here.keys() | variables.bound(source):
                here.pop(name, None)
                if name in process.names:
                    self._fetch(remote, name)

    def _fetch(self, remote: Remote, name: str) -> None:
        try:
            self.shell.user_ns[name] = self.fetched[name] = remote.request("get", name=name)
        except Exception as error:
            self.ended.setdefault(name, f"{type(error).__name__}: {error}")

    def _switch(self, remote: Remote, hidden: bool) -> None:
        """Enter or leave the hidden part of a test."""
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        self.hidden = remote.silent = hidden

    def _run(self, source: str) -> list[Output]:
        """Run a cell in this process, and return its outputs, with an error if it raised one.

        What a hidden part prints is left out, and its error is reduced to what a student may know.
        """
        shown: list[tuple[Output, bool]] = []
        signal.signal(signal.SIGALRM, self._late)
        signal.setitimer(signal.ITIMER_REAL, self.job.settings.cell_seconds + LATE_SECONDS)
        error: BaseException | None
        try:
            result = self.shell.run(source, lambda output: shown.append((output, self.hidden)))
            error = result.error_before_exec or result.error_in_exec
        except BaseException as raised:
            error = raised
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        if error and not any(output["output_type"] == "error" for output, _ in shown):
            shown.append((outputs.error(type(error).__name__, str(error)), self.hidden))
        return [cleaned for output, hidden in shown if (cleaned := self._cleaned(output, source, error, hidden))]

    def _late(self, number: int, frame: types.FrameType | None) -> None:
        raise LimitReached(f"the test took longer than {self.job.settings.cell_seconds:g} seconds")

    def _cleaned(self, output: Output, source: str, error: BaseException | None, hidden: bool) -> Output | None:
        cleaned, own = outputs.clean(output, self.shell.count), student_errors.own_traceback(error)
        if hidden and not self._missing(cleaned):
            line = student_errors.own_traceback(error, only_last_line=True)
            return hidden_part.reduced(cleaned, source, error, line)
        if cleaned["output_type"] == "error" and own:
            own = outputs.clean_text(own)[-outputs.MAX_ERROR_CHARACTERS :]
            cleaned["traceback"].append(f"{OWN_TRACEBACK}\n{own}")
        if cleaned["output_type"] == "stream":
            cleaned["text"] = cleaned["text"][: self.job.settings.output_bytes]
        return cleaned

    def _printed(self, remote: Remote) -> list[Output]:
        text, remote.printed = "".join(remote.printed), []
        return [outputs.stream(text[: self.job.settings.output_bytes])] if text else []

    def _explained(self, output: Output, process: Answers, attempts: list[str]) -> Output:
        """Add to a test's error what the student has to know of the cells before it, and of what may not be used."""
        if output["output_type"] != "error":
            return output
        if missing := self._missing(output):
            how = self.ended.get(missing)
            text = f"{FAILED_PREFIX}{missing} is not defined." + (f"\n  its cell    ended with {how}" if how else "")
            output = outputs.error(CheckFailed.__name__, text) | {"traceback": text.splitlines()}
        for name in dict.fromkeys(attempts):
            note = f"The answer used {name}, but it may use only {rule(process.allowed)}."
            output = output | {"evalue": f"{output['evalue']}\n{note}", "traceback": [*output["traceback"], note]}
        return output

    def _missing(self, output: Output) -> str | None:
        """Return the function that a test needs and the submission lacks, if that is what an error is about."""
        if output["output_type"] != "error" or output["ename"] != "NameError":
            return None
        return next((name for name in self.answered if output["evalue"] == f"name '{name}' is not defined"), None)


def main(control: Channel, supervisor: Supervisor, shell: Shell) -> None:
    """Receive a job, and run it."""
    message, _ = control.receive()
    job = JudgeJob.from_dict(message)
    if job.settings.hidden_seed is not None:
        os.environ[HIDDEN_SEED] = str(job.settings.hidden_seed)
    Judge(control, supervisor, shell, job).run()
    os._exit(0)
