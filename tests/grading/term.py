"""A class with an exchange of its own: the instructor's and the students' commands, each run as its user runs it."""

import os
import re
import shutil
import subprocess
from contextlib import contextmanager

from tests.conftest import REPOSITORY
from tests.grading import sample_class
from tests.grading.commands import (
    COURSE,
    configuration_of_the_book,
    grade,
    gradebook,
    grading,
    nbgrader,
    records_in,
)


class Term:
    """A clone of what makes the assignment, a class in a folder of its own, and an exchange."""

    def __init__(self, folder):
        self.clone, self.folder, self.exchange = (folder / name for name in ("clone", "class", "exchange"))
        (self.clone / "solutions").mkdir(parents=True)
        shutil.copy(REPOSITORY / "nbgrader_config.py", self.clone)
        shutil.copy(sample_class.SOLUTION, self.clone / "solutions")
        self.solution = self.clone / "solutions" / sample_class.SOLUTION.name
        self.folder.mkdir()
        lines = [configuration_of_the_book(self.clone), f"c.Exchange.root = {str(self.exchange)!r}"]
        lines.append("c.LateSubmissionPlugin.penalty_method = 'zero'")
        (self.folder / "nbgrader_config.py").write_text("\n".join(lines))
        self._homes = folder / "homes"

    def nbgrader(self, *arguments):
        """The instructor's nbgrader, in the folder of the class; gives what it said."""
        return nbgrader(self.folder, *arguments)

    def grade(self, *arguments):
        """A round of `bngrader grade`: its records by student, and what it said."""
        ran = grade(self.folder, *arguments, cwd=self.clone)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return records_in(self.folder), ran.stdout + ran.stderr

    @contextmanager
    def grading(self, *arguments):
        """A round under way, in a process of its own."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen(grading(self.folder, *arguments), cwd=self.clone, **pipes) as process:
            try:
                yield process
            finally:
                process.kill()

    def home(self, student):
        """The folder that a student works in, with the configuration that students are given."""
        home = self._homes / student
        if not home.exists():
            home.mkdir(parents=True)
            config = f"c.Exchange.root = {str(self.exchange)!r}\nc.CourseDirectory.course_id = {COURSE!r}\n"
            (home / "nbgrader_config.py").write_text(f"c = get_config()\n{config}")
        return home

    def student(self, student, *arguments):
        """A student's nbgrader, in that student's folder; gives what it said."""
        home = self.home(student)
        own = {"HOME": home, "JUPYTER_CONFIG_DIR": home / ".jupyter", "JUPYTER_DATA_DIR": home / ".data"}
        return nbgrader(home, *arguments, env=os.environ | {name: str(path) for name, path in own.items()})

    def submit(self, student, notebook, **others):
        """A student fills in the notebook, puts other files beside it, and submits."""
        folder = self.home(student) / "scaling"
        for name, text in {"scaling.ipynb": notebook, **others}.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
        # All are one user here, so each says who it is.
        self.student(student, "submit", "scaling", f"--student={student}")

    def fetched_page(self, student):
        """The text of the newest page of feedback that a student fetches."""
        self.student(student, "fetch_feedback", "scaling", f"--student={student}")
        pages = sorted((self.home(student) / "scaling" / "feedback").glob("*/scaling.html"))
        return re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", pages[-1].read_text().partition("<body")[2]))

    def gradebook(self):
        """The class's gradebook; what is changed in it is committed."""
        return gradebook(self.folder)
