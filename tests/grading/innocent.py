"""Innocent notebooks: right answers, each with something that real students do, which must not cost a point.

A habit adds a cell of the student's own, or code to the cell of one answer, or changes the notebook as a whole.
"""

import copy
import itertools

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell

from tests.solutions import runner
from tests.solutions.runner import SLUGS

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
# The function whose cell a habit changes: one that takes plain data and is no class.
CHANGED = {"inference": "fold_linear", "internal_covariate_shift": "gradient_shift", "batches": "count_iterations"}

OWN = {
    "magics": "%matplotlib inline\n%load_ext autoreload\n%autoreload 2\n%config InlineBackend.figure_format = 'png'",
    "a-timed-cell": "%%time\ntotal = sum(range(1000))\nprint(total)",
    "shell-commands": "!echo hello\nfiles = !ls\nprint(files)\n%pwd",
    "threads": """
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor(4)
        print(list(pool.map(abs, [-1, 2, -3])))
    """,
    "processes": "from multiprocessing import Pool\nwith Pool(2) as pool:\n    print(pool.map(abs, [-1, 2, -3]))",
    "an-animation": """
        import matplotlib.pyplot as plt
        from matplotlib.animation import FuncAnimation
        from IPython.display import HTML
        figure, axes = plt.subplots()
        (line,) = axes.plot([0, 1], [0, 1])
        moving = FuncAnimation(figure, lambda i: line.set_data([0, i], [0, 1]), frames=2)
        HTML(moving.to_jshtml())
    """,
    "a-figure": """
        import matplotlib.pyplot as plt
        plt.style.use('ggplot')
        plt.hist([1, 2, 2, 3])
        plt.title('열')
        plt.show()
    """,
    "an-error": "values = [1, 2, 3]\nvalues[7] / 0",
    "old-python": "for i in range(3)\n    print i",
    "korean": "평균 = 3  # 각 열의 평균\nprint('평균은', 평균, '입니다 🎉')",
    "logging": """
        import logging
        logging.basicConfig(level=logging.DEBUG, force=True)
        log = logging.getLogger('homework')
        log.warning('starting %s', 'now')
    """,
    "progress": """
        import time
        for n in range(0, 101, 10):
            print(f'\\r{n:3}% ' + '#' * (n // 5), end='', flush=True)
    """,
    "input": "name = input('Your name? ')\nprint('Hello', name)",
    "exit": "import sys\nif len(sys.argv) > 0:\n    sys.exit('done for today')",
    "quit": "quit()",
    "quiet-warnings": "import warnings\nwarnings.filterwarnings('ignore')\nimport numpy as np\nnp.seterr(all='ignore')",
    "seeds": "import random\nimport numpy as np\nrandom.seed(0)\nnp.random.seed(0)\nnp.set_printoptions(precision=3)",
    "new-syntax": """
        def kind(value):
            match value:
                case int() | float():
                    return 'a number'
                case [first, *rest] if (count := len(rest)) > 1:
                    return f'{first} and {count} more'
                case _:
                    return 'something else'
        print(kind(1), kind([1, 2, 3]), kind('x'), {k: v for k, v in zip('ab', (1, 2))})
    """,
    "generators": "def squares(n):\n    for i in range(n):\n        yield i * i\nprint(list(squares(5)))",
    "await": "import asyncio\nasync def hello():\n    await asyncio.gather()\n    return 'hello'\nprint(await hello())",
    "star-import": "from math import *\nprint(sqrt(pi))",
    "annotations": "from __future__ import annotations\ndef half(x: float | None = None) -> Half:\n    return x / 2",
    "a-missing-package": "try:\n    import seaborn as sns\nexcept ImportError:\n    print('no seaborn here')",
    "help": "len?\nhelp(abs)\nprint(_ih[-1], In[-1])",
    "a-file": "%%writefile notes.txt\nmy notes\n",
    "read-a-file": "with open('results.csv', 'w') as file:\n    file.write('a,b')\nprint(open('results.csv').read())",
    "html": "from IPython.display import HTML, Markdown, display\ndisplay(HTML('<b>b</b>'), Markdown('*i*'))\n3",
}  # fmt: skip

ANSWER = {
    "prints": "_right = {f}\ndef {f}(*args, **kwargs):\n    print('got', args)\n    return _right(*args, **kwargs)",
    "its-own-checks": "from bngrader.check import call, close\nclose([1.0], [1.0], 'one is one')\ncall(abs, -1)",
    "a-decorator": """
        import functools, time
        def timed(function):
            @functools.wraps(function)
            def inner(*args, **kwargs):
                start = time.perf_counter()
                try:
                    return function(*args, **kwargs)
                finally:
                    spent.append(time.perf_counter() - start)
            return inner
        spent = []
        {f} = timed({f})
    """,
    "a-counter": """
        COUNT = 0
        _right = {f}
        def {f}(*args, **kwargs):
            global COUNT
            COUNT += 1
            return _right(*args, **kwargs)
    """,
    "a-lambda": "_right = {f}\n{f} = lambda *args, **kwargs: _right(*args, **kwargs)",
    "a-partial": "import functools\n{f} = functools.partial({f})",
    "an-object": """
        class Caller:
            def __init__(self, function):
                self.function = function
            def __call__(self, *args, **kwargs):
                return self.function(*args, **kwargs)
        {f} = Caller({f})
    """,
    "a-data-class": """
        from dataclasses import dataclass, field
        @dataclass
        class Log:
            calls: list = field(default_factory=list)
        log = Log()
        _right = {f}
        def {f}(*args, **kwargs):
            log.calls.append(len(args))
            return _right(*args, **kwargs)
    """,
    "a-cache": """
        from functools import lru_cache
        @lru_cache(maxsize=None)
        def slow(n):
            return n if n < 2 else slow(n - 1) + slow(n - 2)
        print(slow(30))
    """,
    "a-closure": """
        def _make():
            right, last = {f}, None
            def inner(*args, **kwargs):
                nonlocal last
                last = right(*args, **kwargs)
                return last
            return inner
        {f} = _make()
    """,
    "a-thread-in-the-answer": """
        from concurrent.futures import ThreadPoolExecutor
        _right, _pool = {f}, ThreadPoolExecutor(2)
        def {f}(*args, **kwargs):
            return _pool.submit(_right, *args, **kwargs).result()
    """,
    "a-tried-example": "try:\n    {f}('nonsense')\nexcept Exception as error:\n    print('as expected:', error)",
}  # fmt: skip


def _first_answer(notebook, slug):
    return next(cell for cell in notebook.cells if cell.id == CHANGED.get(slug, runner.functions(slug)[0]))


def _insert_own(cell):
    def change(notebook, slug):
        for place in (1, 4, len(notebook.cells) - 1):
            notebook.cells.insert(place, NotebookNode(copy.deepcopy(cell), id=f"own-{place}"))

    return change


def _windows(notebook, slug):
    for cell in notebook.cells:
        cell.source = cell.source.replace("\n", "\r\n")


def _old_format(notebook, slug):
    notebook.nbformat_minor = 2
    for cell in notebook.cells:
        cell.pop("id", None)


def _vs_code(notebook, slug):
    notebook.metadata.update(vscode={"interpreter": {"hash": "ab" * 32}}, orig_nbformat=4)
    for cell in notebook.cells:
        cell.metadata["vscode"] = {"languageId": "python"}


def _colab(notebook, slug):
    notebook.metadata.update(colab={"provenance": [], "toc_visible": True}, accelerator="GPU")
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    for number, cell in enumerate(notebook.cells):
        cell.metadata.update(id=f"Ab{number}", outputId="0-1", colab={"base_uri": "https://localhost:8080/"})


def _deepnote(notebook, slug):
    notebook.metadata.update(deepnote={}, deepnote_notebook_id="ab-cd", deepnote_execution_queue=[])
    for cell in notebook.cells:
        cell.metadata.update(cell_id=f"{cell.cell_type}-1", deepnote_cell_type=cell.cell_type, source_hash="ab")


def _old_outputs(notebook, slug):
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            cell.execution_count = 100 - number
            cell.outputs = [
                new_output("stream", text="\x1b[31mred\x1b[0m\n"),
                new_output("error", ename="NameError", evalue="old", traceback=["old \x1b[0;31mNameError\x1b[0m"]),
                new_output("display_data", {"text/html": "<b>old</b>", "image/png": PIXEL, "text/plain": "x"}),
            ]


def _notes(notebook, slug):
    for place in range(len(notebook.cells) - 1, 0, -2):
        notebook.cells.insert(place, new_markdown_cell(f"- [ ] my note {place} | $x^2$ <br> `code`\n\n<b>bold"))


def _moved(notebook, slug):
    own = [new_code_cell(f"step_{n} = {n}\nprint(step_{n})") for n in range(3)]
    notebook.cells[2:2] = own[::-1]
    notebook.cells.append(new_code_cell(_first_answer(notebook, slug).source + "\n"))
    notebook.cells.append(new_code_cell(""))


def _pasted(notebook, slug):
    cell = new_markdown_cell("![image.png](attachment:image.png)\n\nMy sketch.")
    cell.attachments = {"image.png": {"image/png": PIXEL}}
    notebook.cells.insert(3, cell)


def _lost_pictures(notebook, slug):
    lost = "![image.png](attachment:image.png) ![](attachment:) [x](attachment:image.png) ![y][1]\n\n[1]: attachment:a"
    notebook.cells.insert(3, new_markdown_cell(lost))
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade") and cell.cell_type == "markdown":
            cell.source += f"\n\n{lost}"


def _chinese(notebook, slug):
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade") and cell.cell_type == "markdown":
            cell.source = "训练时使用当前批次的均值和方差。预测时使用移动平均。👩‍🔬 “引号” — ½ ∑"


CHANGES = {
    "a-raw-cell": _insert_own(new_raw_cell("raw notes: <b>, &amp;, \\(x\\)")),
    "windows": _windows,
    "an-old-format": _old_format,
    "vs-code": _vs_code,
    "colab": _colab,
    "deepnote": _deepnote,
    "old-outputs": _old_outputs,
    "many-notes": _notes,
    "moved-cells": _moved,
    "a-pasted-picture": _pasted,
    "lost-pictures": _lost_pictures,
    "chinese": _chinese,
}
HABITS = [*OWN, *ANSWER, *CHANGES]


def _dedented(code):
    lines = code.strip("\n").split("\n")
    indent = len(lines[0]) - len(lines[0].lstrip())
    return "\n".join(line[indent:] for line in lines).rstrip()


def notebook(handed_out, slug, habit):
    """Return the text of a notebook with the solution's answers and a habit."""
    made = copy.deepcopy(handed_out)
    solution = runner.cells(slug)
    for cell in made.cells:
        if cell.metadata.nbgrader.solution:
            cell.source = solution[cell.id].source if cell.cell_type == "code" else "My answer, in my own words."
    if habit in OWN:
        _insert_own(new_code_cell(_dedented(OWN[habit])))(made, slug)
    elif habit in ANSWER:
        answer = _first_answer(made, slug)
        answer.source += "\n\n" + _dedented(ANSWER[habit]).replace("{f}", answer.id)
    else:
        CHANGES[habit](made, slug)
    return nbformat.writes(made, version=nbformat.NO_CONVERT)


def habits_of(slug):
    """Return the habits that are tried with an assignment; each is tried with one."""
    return list(itertools.islice(HABITS, SLUGS.index(slug), None, len(SLUGS)))
