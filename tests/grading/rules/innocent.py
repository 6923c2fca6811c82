"""Right answers that import more than NumPy, in ways that the rules allow, by assignment and function.

`{right}` is the right answer of the solution.
"""

TOOLS = """
import collections, dataclasses, fractions, functools, itertools, math, operator, statistics, typing
from concurrent.futures import ThreadPoolExecutor
import matplotlib.pyplot as plt
import numpy.linalg as la
from numpy.lib.stride_tricks import sliding_window_view
from joblib import Parallel, delayed
"""

INNOCENT = {
    "scaling": {
        "standardize": {
            "the-standard-library": TOOLS + "{right}\nplt.plot([math.sqrt(2), statistics.fmean([1, 2])]); plt.show()",
            "imports-that-are-not-used": "import sklearn.preprocessing, pandas as pd\nfrom torch import nn\n"
            "from scipy.stats import zscore\nfrom bnref.scaling import *\n{right}",
            "compares-below": "{right}\nfrom sklearn.preprocessing import StandardScaler\n"
            "print(np.allclose(standardize(np.eye(3))[0], StandardScaler().fit_transform(np.eye(3))))",
            "compares-above": "from sklearn.preprocessing import StandardScaler\n"
            "scaler = StandardScaler()\nexpected = scaler.fit_transform(np.eye(3))\n{right}",
            "only-if-there": "try:\n    import numba\n    jit = numba.njit\nexcept ImportError:\n"
            "    jit = lambda f: f\n@jit\ndef unused(x):\n    return x\n{right}",
            "falls-back": "{right}\nright = standardize\ndef standardize(x):\n    try:\n"
            "        from sklearn.preprocessing import scale\n    except ImportError:\n        return right(x)",
        },
    },
    "placement": {
        "batch_norm_forward": {
            "a-kind-of-array": "import torch\n{right}\nright = batch_norm_forward\n"
            "def batch_norm_forward(x, gamma, beta, eps=1e-5):\n"
            "    if isinstance(x, torch.Tensor) or isinstance(x, (torch.nn.Module, str)):\n        x = x.numpy()\n"
            "    return right(x, gamma, beta, eps)",
            "a-class-in-its-cell": "import torch\nclass Layer(torch.nn.Module):\n"
            "    def forward(self, x):\n        return batch_norm_forward(x)[0]\n{right}",
        },
        "make_block": {"torch": "from torch import nn\nimport torch.nn.functional as F\n{right}"},
    },
    "internal_covariate_shift": {
        "record_activations": {"torch": "import torch.nn as nn, torch.utils.data\n{right}"},
    },
}

# What a student writes who tries a function with the checks, at the top of its cell; for every function.
WITH_CHECKS = """
import bngrader, bngrader.check as c
from bngrader import check
from bngrader.check import beside, call, close, grows, hidden_rng, holds, leaves_arguments_alone, raises
from bngrader.check.networks import watched_network
from bngrader.check import *
{right}
c.close(np.ones(2), [1, 1], "ones are ones")
"""
