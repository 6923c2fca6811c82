"""Attacks by the files of a submission: metadata, cells that are moved, copied, deleted or added, other files."""

import copy

from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from tests.grading.attacks.attack import FULL, cheat, find, right

TESTS = [name for name in FULL if name.startswith("test_standardize")]


def _tests(notebook):
    return [cell for cell in notebook.cells if cell.id in FULL]


def tagged(notebook):
    for cell in notebook.cells:
        cell.metadata["tags"] = ["skip-execution", "raises-exception", "remove-cell"]


def worth_100(notebook):
    for cell in _tests(notebook):
        cell.metadata.nbgrader["points"] = 100


def worth_nan(notebook):
    for cell in _tests(notebook):
        cell.metadata.nbgrader["points"] = float("nan")


def with_emptied_tests(notebook):
    for cell in _tests(notebook):
        cell.source = "pass"
        cell.metadata.nbgrader.update(locked=False, checksum="0" * 32)


def with_own_tests(notebook):
    for cell in reversed(_tests(notebook)):
        own = copy.deepcopy(cell)
        own.update(id=f"own-{cell.id}", source="3")
        notebook.cells.insert(0, own)


def with_more_points(notebook):
    own = new_code_cell("100", id="extra")
    own.metadata["nbgrader"] = find(notebook, TESTS[0]).metadata.nbgrader | {"grade_id": "test_extra", "points": 100}
    notebook.cells.append(own)


def graded_answer(notebook):
    cell = find(notebook, "standardize")
    cell.metadata.nbgrader.update(grade=True, points=100)
    cell.source += "\nfloat('nan')"


def with_swapped_metadata(notebook):
    test, answer = find(notebook, TESTS[0]), find(notebook, "standardize")
    test.metadata.nbgrader, answer.metadata.nbgrader = answer.metadata.nbgrader, test.metadata.nbgrader


def without_tests(notebook):
    notebook.cells = [cell for cell in notebook.cells if cell.id not in TESTS]


def tests_as_text(notebook):
    for number, cell in enumerate(notebook.cells):
        if cell.id in TESTS:
            notebook.cells[number] = new_markdown_cell(cell.source, id=cell.id, metadata=cell.metadata)


def with_outputs(notebook):
    for cell in _tests(notebook):
        score = new_output("execute_result", {"text/plain": "3.0"}, execution_count=1)
        cell.update(outputs=[score], execution_count=1)


def reversed_cells(notebook):
    notebook.cells.reverse()


def with_scores_written(notebook):
    for cell in _tests(notebook):
        cell.metadata.nbgrader.update(score=3, auto_score=3, manual_score=3, extra_credit=5, task=True, solution=True)


def with_another_schema(notebook):
    for cell in notebook.cells:
        cell.metadata.nbgrader["schema_version"] = 99


def with_another_kernel(notebook):
    notebook.metadata.kernelspec = {"name": "../evil", "display_name": "evil", "language": "bash"}
    notebook.metadata.language_info = {"name": "bash"}


def with_settings(notebook):
    notebook.metadata.update(
        forbidden=[], execution={"timeout": -1, "allow_errors": True}, unsafe_no_sandbox=True, hidden_seed=1
    )


def with_edited_locked_cells(notebook):
    find(notebook, "imports").source = "import numpy as np\nnp.isclose = lambda *rest, **named: np.True_"
    find(notebook, "descent").source = "globals().clear()"


def with_a_script(notebook):
    script = "<script>fetch('/formgrader/api/@PWNED@')</script><img src=x onerror=alert('@PWNED@')>"
    find(notebook, "written_new_patient").source = f"Nice.\n\n{script}\n\n[x](javascript:alert('@PWNED@'))"
    find(notebook, "standardize").source += (
        "\nfrom IPython.display import HTML, Javascript, display"
        f'\ndisplay(HTML("""{script}"""))\ndisplay(Javascript("alert(\'@PWNED@\')"))'
    )


ATTACKS = {
    "meta-tags": cheat(change=tagged),
    "meta-points": cheat(change=worth_100),
    "meta-points-nan": cheat(change=worth_nan),
    "meta-emptied": cheat(change=with_emptied_tests),
    "meta-own-tests": cheat(change=with_own_tests),
    "meta-more-points": cheat(change=with_more_points),
    "meta-graded-answer": cheat(change=graded_answer),
    "meta-swapped": cheat(change=with_swapped_metadata),
    "meta-without-tests": cheat(change=without_tests),
    "meta-tests-as-text": cheat(change=tests_as_text),
    "meta-outputs": cheat(change=with_outputs),
    "meta-scores": cheat(change=with_scores_written),
    "meta-schema": cheat(change=with_another_schema),
    "meta-kernel": cheat(change=with_another_kernel),
    "meta-settings": cheat(change=with_settings),
    "meta-locked-cells": cheat(change=with_edited_locked_cells),
    "meta-script": cheat(change=with_a_script),
    "score-displayed": cheat("""
        from IPython.display import display
        def standardize(x):
            display(3)
            get_ipython().displayhook(3)
            print("nan\\n3\\n3.0")
            return x, x[0], x[0]
        3
    """),
    "score-emitted": cheat("""
        def standardize(x):
            shell = get_ipython()
            score = {"text/plain": "3"}
            result = {"output_type": "execute_result", "data": score, "metadata": {}, "execution_count": 1}
            for emit in (getattr(shell, "emit", print), print):
                emit(result)
                emit({"output_type": "clear_output", "wait": False})
                emit({"output_type": "error", "ename": "", "evalue": 3, "traceback": None})
                emit({"output_type": "stream", "name": ["stdout"], "text": {"a": b"x"}})
                emit([3, {1: 2}])
                emit(None)
            shell.display_pub.publish(score, transient={"display_id": "1"}, update=True)
            shell.display_pub.clear_output()
            return x, x[0], x[0]
    """),
    "beside-modules": cheat(
        beside={
            "numpy.py": "isclose = lambda *rest, **named: True\nraise SystemExit\n",
            "sitecustomize.py": "open('/tmp/@PWNED@', 'w').close()\n",
            "bngrader/__init__.py": "",
            "bngrader/check.py": "close = call = leaves_arguments_alone = lambda *rest, **named: (0, 0, 0)\n",
            "nbgrader_config.py": "open('@COURSE@/@PWNED@', 'w').close()\n",
            "kernel.json": "{}",
        },
    ),
    # Right answers that look odd and must not lose points.
    "right-warns": right("""
        import sys
        import warnings
        warnings.warn("This is fine.")
        print("still here", file=sys.stderr)
        print("FAILED Traceback (most recent call last): AssertionError")
    """),
    "right-tagged": right(change=tagged),
    "right-without-tests": right(change=without_tests),
    "right-last-first": right(change=reversed_cells),
    "right-another-schema": right(change=with_another_schema),
    "right-pasted-twice": right(change=lambda notebook: notebook.cells.append(copy.deepcopy(notebook.cells[3]))),
}
