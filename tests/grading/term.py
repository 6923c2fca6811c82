"""A class with its own exchange, in which the instructor and students run their commands."""

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
    """A small clone with one assignment, a class in another folder, and an exchange."""

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
        """Run nbgrader as the instructor, in the folder of the class, and return its output."""
        return nbgrader(self.folder, *arguments)

    def grade(self, *arguments):
        """Run `bngrader grade` and return the records by student and the output."""
        ran = grade(self.folder, *arguments, cwd=self.clone)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return records_in(self.folder), ran.stdout + ran.stderr

    @contextmanager
    def grading(self, *arguments):
        """Start `bngrader grade` and yield its process."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen(grading(self.folder, *arguments), cwd=self.clone, **pipes) as process:
            try:
                yield process
            finally:
                process.kill()

    def home(self, student):
        """Return a student's folder, with the configuration for students."""
        home = self._homes / student
        if not home.exists():
            home.mkdir(parents=True)
            config = f"c.Exchange.root = {str(self.exchange)!r}\nc.CourseDirectory.course_id = {COURSE!r}\n"
            (home / "nbgrader_config.py").write_text(f"c = get_config()\n{config}")
        return home

    def student(self, student, *arguments):
        """Run nbgrader as a student, in the student's folder, and return its output."""
        home = self.home(student)
        own = {"HOME": home, "JUPYTER_CONFIG_DIR": home / ".jupyter", "JUPYTER_DATA_DIR": home / ".data"}
        return nbgrader(home, *arguments, env=os.environ | {name: str(path) for name, path in own.items()})

    def submit(self, student, notebook, **others):
        """Submit a notebook and other files as a student."""
        folder = self.home(student) / "scaling"
        for name, text in {"scaling.ipynb": notebook, **others}.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
        # All students are one system user here, so the name must be given.
        self.student(student, "submit", "scaling", f"--student={student}")

    def fetched_page(self, student):
        """Fetch a student's feedback and return the text of the newest page."""
        self.student(student, "fetch_feedback", "scaling", f"--student={student}")
        pages = sorted((self.home(student) / "scaling" / "feedback").glob("*/scaling.html"))
        return re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", pages[-1].read_text().partition("<body")[2]))

    def gradebook(self):
        """Return a context with the class's gradebook, which commits changes at its end."""
        return gradebook(self.folder)
