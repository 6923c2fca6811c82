"""Tests that answers which hide code are listed, and that what students write for good reasons is not."""

import base64
import zlib

import pytest

from bngrader.authoring.notebooks import read_solution
from bngrader.similarity.hidden_code import hidden_code
from bngrader.similarity.texts import Text
from tests.conftest import REPOSITORY
from tests.solutions import runner
from tests.solutions.runner import RIGHT, SLUGS

CODE = """def standardize(x):
    mean, std = x.mean(axis=0), x.std(axis=0)
    return (x - mean) / std, mean, std
"""
ENCODED = base64.b64encode(zlib.compress(CODE.encode()))
HEX, NUMBERS = CODE.encode().hex(), list(CODE.encode())
PIECES = [ENCODED.decode()[i : i + 8] for i in range(0, len(ENCODED), 8)]
HIDES = {
    "exec": f"exec('''{CODE}''')",
    "eval": "standardize = eval('lambda x: x')",
    "compile": "run = compile",
    "__import__": "__import__('sklearn.preprocessing')",
    "by-another-name": "run = exec\nrun('x = 1')",
    "renamed-later": "run = exec\ndef exec(text):\n    return text\nrun('x = 1')",
    "in-a-function": "def standardize(x):\n    return eval('x')",
    "after-a-magic": "%time exec(CODE)",
    "in-a-timed-cell": "%%time\nexec(CODE)",
    "in-a-file": f"%%writefile helper.py\nexec('''{CODE}''')",
    "builtins": "import builtins\nbuiltins.exec(text)",
    "__builtins__": "__builtins__.__dict__['ex' + 'ec'](text)",
    "getattr": "getattr(thing, 'ex' + 'ec')(text)",
    "getattr-by-name": "getattr(thing, 'exec')(text)",
    "globals": "globals()[name](text)",
    "base64": f"import base64, zlib\ncode = zlib.decompress(base64.b64decode({ENCODED!r}))",
    "text-of-base64": f"data = '{ENCODED.decode()}'",
    "pieces": f"data = {PIECES}",
    "sum-of-pieces": "data = " + " + ".join(map(repr, PIECES)),
    "f-string": f"data = f'{ENCODED.decode()}{{x}}'",
    "hex": f"data = bytes.fromhex('{HEX}')",
    "bytes-of-numbers": f"data = bytes({NUMBERS})",
    "chr-of-numbers": f"data = ''.join(map(chr, {NUMBERS}))",
    "chr-in-a-loop": f"data = ''.join(chr(n + 1) for n in {NUMBERS})",
    "literal-of-bytes": f"data = {CODE.encode()!r}",
    "integer": f"data = {int.from_bytes(CODE.encode())}",
    "table-of-answers": f"table = {[round(0.1234567 * n, 6) for n in range(300)]}",
    "code-in-a-text": f"text = '''{CODE}'''",
    "marshal": "import marshal",
    "pickle": f"import pickle\nf = pickle.loads({bytes(range(60, 120))!r})",
    "codecs": "import codecs\ntext = codecs.decode('qrs fgnaqneqvmr(k): erghea k.zrna(nkvf=0), k.fgq()', 'rot13')",
    "importlib": "import importlib\nscale = importlib.import_module('sklearn.' + 'preprocessing').scale",
    "importlib.util": "from importlib.util import module_from_spec",
    "code-objects": "import types\nf = types.FunctionType(code, {})",
    "swapped-code": "standardize.__code__ = other.__code__",
    "run_cell": "get_ipython().run_cell(text)",
    "runpy": "import runpy",
    "shell": "!echo ZGVm | base64 -d > helper.py",
    "shell-cell": "%%bash\npython3 -c 'print(1)' > helper.py",
    "out-of-sight": "x = 1" + " " * 90 + "; y = 2",
    "not-python": "this is no Python\nexec(text)",
    "not-python-but-long": f"this is no Python\n{ENCODED.decode()}",
    "too-long": "# a comment\n" * 10_000,
    "too-deep": "x = " + "(" * 90 + "1" + ")" * 90 + " + exec",
}  # fmt: skip
INNOCENT = {
    "a-network-in-evaluation": "model.eval()\nwith torch.no_grad():\n    logits = model(x)",
    "patterns": "import re\nword = re.compile(r'[a-z]+')\nfrom re import compile\nother = compile('x')",
    "a-function-named-eval": "def eval(model, x):\n    return model(x)\nprint(eval(network, x))",
    "a-compiled-model": "fast = torch.compile(model)",
    "a-docstring": f'def f(x):\n    """Do this:\n\n{CODE}\n    """\n    return x',
    "commented-out": f"'''\n{CODE}\n'''\ndef standardize(x):\n    return x",
    "a-long-message": "print('The columns of the table have different scales, ' + 'so descent needs many steps.')",
    "a-line": "print('-' * 100)\nprint('" + "=" * 100 + "')",
    "an-address": "url = 'https://example.org/" + "a-long-path/" * 12 + "'",
    "korean": "print('" + "각 열의 평균과 표준편차를 계산합니다 " * 8 + "')",
    "chinese": "text = '" + "我们先计算每一列的平均值和标准差" * 8 + "'",
    "a-table": "x = np.array([" + ", ".join(f"[{n}, {n + 1}.5, {-n}]" for n in range(40)) + "])",
    "csv": "rows = '''age,bmi\\n" + "45,23.1\\n" * 40 + "'''",
    "large-numbers": f"limit = {10**60}\nmost = {2**63 - 1}",
    "timeit": "import timeit\ntimeit.timeit('standardize(x)', setup='import numpy; x = numpy.ones((3, 2))')",
    "attributes": "value = getattr(layer, f'weight_{i}')\nkind = getattr(np, 'float64')\nbn.__dict__",
    "globals": "if 'cache' not in globals():\n    cache = {}",
    "files": "import pickle\nwith open('kept.pkl', 'wb') as f:\n    pickle.dump(x, f)\npickle.loads(pickle.dumps(x))",
    "magics": "%matplotlib inline\n%load_ext autoreload\n%autoreload 2\n!pip install numpy\n!ls -l",
    "installed": "%%bash\npip install --quiet tqdm\nls",
    "aligned": "a = 1" + " " * 40 + "# the first\n" + " " * 100 + "# a note",
    "not-python": "def standardize(x)\n    return x",
    "reload": "import importlib, helper\nimportlib.reload(helper)",
    "joined": "print(', '.join(['mean', 'std', 'min', 'max']))\nletters = [chr(97 + i) for i in range(26)]",
    "types": "from types import SimpleNamespace\ncache = SimpleNamespace(x=x)",
    "bytes": "kept = x.tobytes()\ntext = b'ok'.decode()",
}  # fmt: skip


def found(*cells):
    return hidden_code(Text("ada", "submission", "\n\n".join(cells), cells))


@pytest.mark.parametrize("kind", HIDES)
def test_an_answer_that_hides_code_is_listed(kind):
    finding = found("x = 1", HIDES[kind])
    assert finding.as_dict()["one"] == "ada"
    assert finding.as_dict()["kind"] == "hidden code"
    assert all(len(line) < 140 for _, line in finding.places)


@pytest.mark.parametrize("kind", INNOCENT)
def test_an_innocent_answer_is_not_listed(kind):
    assert found("x = 1", INNOCENT[kind]) is None


@pytest.mark.parametrize("slug", SLUGS)
def test_no_right_answer_and_no_code_of_the_course_is_listed(slug):
    for answer in runner.answers(slug, every_way=False):
        assert answer.kind != RIGHT or found(*answer.sources.values()) is None, answer.name
    for cell in read_solution(REPOSITORY / "solutions" / f"{slug}.py").cells:
        assert cell.cell_type != "code" or found(cell.source) is None, cell.id
