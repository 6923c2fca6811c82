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
from bngrader.engine.judge.job import ANSWER, BOTH, TEST, CodeCell, JudgeJob
from bngrader.engine.judge.remote import Remote
from bngrader.engine.judge.session import Answers
from bngrader.engine.judge.supervisor import Supervisor
from bngrader.engine.protocol.channel import Channel

LATE_SECONDS = 5.0  # over its time, after which a test is interrupted that its own requests did not stop


class Judge:
    """Runs one submission."""

    def __init__(self, control: Channel, supervisor: Supervisor, shell: Shell, job: JudgeJob) -> None:
        self.control, self.shell, self.job = control, shell, job
        # Each cell is transformed several times.
        shell.transform_cell = functools.cache(shell.transform_cell)  # type: ignore[method-assign]
        self.answers = Answers(job.settings, supervisor.start, supervisor.interrupt, supervisor.end)
        self.answered = {cell.grade_id for cell in job.cells if cell.kind == ANSWER}
        self.trusted: set[str] = set()  # names that locked cells bind: never taken from the submission
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
        self.answers.close()

    def _cell(self, cell: CodeCell, file: str, quiet: bool) -> tuple[list[Output], int | None]:
        if cell.kind == TEST:
            return ([], None) if quiet else self._test(cell)
        student_errors.remember_source(file, self.shell.transform_cell(cell.source))
        ran = self.answers.run(cell.source, file)
        if cell.kind == ANSWER and ran.error:
            self.ended[cell.grade_id] = ran.error
        if cell.kind == BOTH:
            self._locked(cell)
        return ran.outputs, ran.count

    def _locked(self, cell: CodeCell) -> None:
        source = self.shell.transform_cell(cell.source)
        from_elsewhere = variables.used(source) - variables.bound(source) - self.trusted
        self.trusted |= variables.bound(source)
        if from_elsewhere & (self.answers.names | self.answered):
            self.waiting.append(cell)
        else:
            self._run(cell.source)

    def _test(self, cell: CodeCell) -> tuple[list[Output], int | None]:
        """Run a test, and once more in a new process if the first one ended.

        What earlier calls left behind in a process, such as used memory, must not fail a later test.
        """
        for attempt in (1, 2):
            try:
                remote = self.answers.remote()
            except LimitReached as error:
                return [outputs.error("LimitReached", str(error))], None
            shown = self._judged(cell, remote)
            if remote.dead is None or remote.timed_out or attempt == 2:
                break
            self.shell.execution_count -= 1
        return outputs.merge([self._explained(output) for output in shown]), self.shell.count

    def _judged(self, cell: CodeCell, remote: Remote) -> list[Output]:
        remote.deadline = time.monotonic() + self.job.settings.cell_seconds
        self._prepare(cell, remote)
        self.shell.user_ns[hidden_part.SWITCH] = functools.partial(self._switch, remote)
        shown = self._run(hidden_part.marked(cell.source)) + self._printed(remote)
        self._switch(remote, False)
        for name in [name for name, value in self.fetched.items() if self.shell.user_ns.get(name) is value]:
            del self.shell.user_ns[name]
        self.fetched.clear()
        remote.forget()
        remote.deadline = float("inf")
        return shown

    def _prepare(self, cell: CodeCell, remote: Remote) -> None:
        """Put all names in place that a test uses."""
        source = self.shell.transform_cell(cell.source)
        wanted = variables.used(source)
        for waiting in list(self.waiting):
            earlier = self.shell.transform_cell(waiting.source)
            if variables.bound(earlier) & {variables.STAR, *wanted}:
                self.waiting.remove(waiting)
                self._bind(remote, earlier)
                self._run(waiting.source)
        self._bind(remote, source)

    def _bind(self, remote: Remote, source: str) -> None:
        """Put the submission's objects under the names that a test takes from it."""
        here = self.shell.user_ns
        for name in ((variables.used(source) & self.answers.names) | self.answered) - self.trusted:
            if name in self.answered or name not in here.keys() | variables.bound(source):
                here.pop(name, None)
                if name in self.answers.names:
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
            cleaned["traceback"].append(f"{OWN_TRACEBACK}\n{outputs.clean_text(own)}")
        if cleaned["output_type"] == "stream":
            cleaned["text"] = cleaned["text"][: self.job.settings.output_bytes]
        return cleaned

    def _printed(self, remote: Remote) -> list[Output]:
        text, remote.printed = "".join(remote.printed), []
        return [outputs.stream(text[: self.job.settings.output_bytes])] if text else []

    def _explained(self, output: Output) -> Output:
        """Add to a test's error what the student has to know about the cells before it."""
        if output["output_type"] != "error":
            return output
        if missing := self._missing(output):
            how = self.ended.get(missing)
            text = f"{FAILED_PREFIX}{missing} is not defined." + (f"\n  its cell    ended with {how}" if how else "")
            output = outputs.error(CheckFailed.__name__, text) | {"traceback": text.splitlines()}
        for name in self.answers.all_attempts():
            note = f"The notebook used {name}, which this assignment forbids."
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
