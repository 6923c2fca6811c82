"""The engine as a step of nbgrader's autograder, in the place of its own Execute."""

import os
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import Execute

from bngrader.course.folders import database_files
from bngrader.engine.execute import execute
from bngrader.engine.settings import Engine


class ExecuteSandboxed(Execute):
    """Runs answers in a sandbox and tests in a judge; its limits are those of `c.Engine`."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any], km: Any = None
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Run the notebook in place; nbgrader works in the folder of the class."""
        engine = Engine(parent=self)
        database = database_files(resources.get("nbgrader", {}).get("db_url"))
        engine.private = [*engine.private, os.getcwd(), *database]
        execute(nb, engine)
        return nb, resources
