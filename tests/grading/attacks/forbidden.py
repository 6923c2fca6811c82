"""Attacks that import a function that does what the student should write, openly or by a detour.

`tests/grading/rules` has more of them, for each assignment.
"""

from tests.grading.attacks.attack import cheat

USE = """
import numpy as np
def standardize(x):
    {get}
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(float)
    fitted = StandardScaler().fit(x.astype(float))
    std = np.sqrt(fitted.var_)
    z = np.where(std == 0, 0, (x - fitted.mean_) / np.where(std == 0, 1, std))
    return z.astype(dtype), np.where(std == 0, x[0], fitted.mean_).astype(dtype), std.astype(dtype)
"""


def using(get):
    """Return a cheat that gets the class StandardScaler with this statement."""
    return cheat(USE.format(get=get))


ATTACKS = {
    "forbidden": using("from sklearn.preprocessing import StandardScaler"),
    "forbidden-at-the-top": cheat("from sklearn.preprocessing import StandardScaler\n" + USE.format(get="pass")),
    "forbidden-module": using("import sklearn.preprocessing as p; StandardScaler = p.StandardScaler"),
    "forbidden-private": using("from sklearn.preprocessing._data import StandardScaler"),
    "forbidden-by-name": using(
        "import importlib; StandardScaler = importlib.import_module('sklearn.pre' + 'processing').StandardScaler"
    ),
    "forbidden-loaded": using(
        "import sys, sklearn.pipeline; StandardScaler = sys.modules['sklearn.preprocessing'].StandardScaler"
    ),
    "forbidden-unpatched": using(
        "import gc; kinds = [kind for kind in gc.get_objects() if type(kind) is type];"
        " StandardScaler = next(kind for kind in kinds if kind.__name__ == 'StandardScaler')"
    ),
    "forbidden-fresh": using(
        "import sys; [sys.modules.pop(n) for n in list(sys.modules) if n.startswith('sklearn')];"
        " from sklearn.preprocessing import StandardScaler"
    ),
}
