"""An answer may import `bngrader.check` while it is graded, and nothing else of the package."""

import pytest

from bngrader import check
from tests.bngrader.engine.running import error, printed, run

pytestmark = pytest.mark.real

RIGHT = "def double(x):\n    return 2 * x\n"
WRONG = "def double(x):\n    return 3 * x\n"
TRIED = "close(call(double, np.ones(2), y=(2,)), [2, 2], 'double doubles', x=1)\n"
TEST = f"from bngrader.check import call, close\n{TRIED}"
IMPORTS = {
    "names": f"from bngrader.check import call, close\n{RIGHT}{TRIED}",
    "at the end": f"{RIGHT}from bngrader.check import call, close\n{TRIED}",
    "star": f"from bngrader.check import *\n{RIGHT}{TRIED}",
    "from the package": f"from bngrader import check\n{RIGHT}{TRIED}".replace("ca", "check.ca").replace(
        "cl", "check.cl"
    ),
    "as": f"import bngrader.check as c\n{RIGHT}{TRIED}".replace("close", "c.close").replace("call", "c.call"),
    "package": f"import bngrader\n{RIGHT}",
    "within": RIGHT.replace(":\n", ":\n    from bngrader.check import close\n    close(x, x, 'same')\n", 1),
    "a trial that fails": f"{RIGHT}from bngrader.check import close\nclose(double(1), 3, 'double triples')",
}
REACHES = {
    "bngrader.mistakes": "from bngrader import mistakes",
    "bngrader.check.mistakes": "from bngrader.check import call, mistakes",
    "bngrader.check.hints": "from bngrader.check.hints import explain",
    "bngrader.engine.judge.judge": "import bngrader.engine.judge.judge",
    "bngrader.check.call_log": "import importlib; importlib.import_module('bngrader.check.call_log')",
    "bnref": "import bnref",
}
LOOKS = """
import sys
import bngrader, bngrader.check
print(sorted(name for name in sys.modules if name.startswith(("bngrader", "bnref"))))
print(bngrader.__path__, bngrader.check.hidden_rng("a").integers(99))
print(bngrader.check.__all__)
"""


def graded(*answers, **settings):
    """Run one notebook, and return the cells of each answer and its test; each answer's functions get a number."""
    cells = [("locked", "import numpy as np")]
    for number, answer in enumerate(answers):
        name = f"double_{number}"
        cells += [("answer", answer.replace("double(", f"{name}(").replace("call(double", f"call({name}"), name)]
        cells += [("test", TEST.replace("call(double", f"call({name}"))]
    _, *made = run(*cells, allowed=["numpy"], **settings)
    return list(zip(made[::2], made[1::2], strict=True))


@pytest.fixture(scope="module")
def tried():
    """Run each way to import the checks once."""
    return dict(zip(IMPORTS, graded(*IMPORTS.values()), strict=True))


@pytest.mark.parametrize("way", IMPORTS)
def test_an_answer_that_imports_the_checks_keeps_its_points(tried, way):
    answer, test = tried[way]
    assert error(test) is None
    first = (error(answer) or "").partition("\n")[0]
    assert first == ("CheckFailed: Failed: double triples." if "fails" in way else "")


def test_a_students_own_check_fails_as_it_does_in_jupyter():
    ((answer, test),) = graded(WRONG + TEST)
    assert error(answer) == error(test)
    with pytest.raises(check.CheckFailed) as failed:
        check.close([3.0, 3.0], [2, 2], "double doubles", x=1)
    assert error(answer) == f"CheckFailed: {failed.value}"
    assert answer.outputs[-1].traceback == str(failed.value).splitlines()


def test_the_rest_of_the_course_is_refused_by_its_name():
    cells = graded(*(RIGHT.replace(":\n", f":\n    {reach}\n", 1) for reach in REACHES.values()))
    for name, (answer, test) in zip(REACHES, cells, strict=True):
        assert error(answer) is None
        rule = "may use only NumPy and the standard library"
        assert f"{name} is not available while an answer is graded: it {rule}" in error(test)
        assert f"The answer used {name}, but it {rule}." in error(test)


def test_an_unused_import_of_the_course_costs_nothing():
    imports = "import bnref\nfrom bnref.scaling import standardize\nfrom bngrader.check import call, mistakes\n"
    ((answer, test),) = graded(
        imports + RIGHT + TRIED.replace("close(", "print(").replace(", [2, 2], 'double doubles', x=1", "")
    )
    assert (error(answer), printed(answer), error(test)) == (None, "[2. 2.]\n", None)


def test_the_stand_in_shows_no_mistakes_and_no_seed():
    ((answer, _),) = graded(LOOKS + RIGHT, hidden_seed=7)
    assert error(answer) is None
    modules, rest, names = printed(answer).splitlines()
    assert modules == "['bngrader', 'bngrader.check']"
    assert rest == f"[] {check.hidden_rng('a').integers(99)}"
    assert names == str(check.__all__)


def test_a_patched_stand_in_helps_no_wrong_answer():
    patched = "import bngrader.check as c\nc.close = c.call = lambda *rest, **named: rest[0]\n"
    assert "Failed: double doubles." in error(graded(patched + WRONG)[0][1])
