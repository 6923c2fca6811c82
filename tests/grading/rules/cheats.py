"""Answers that have a package do what the student should write, by function, with the way that each takes.

Each earns points in a Python with all packages. `WAYS` are ways to get at a package that the others do not take.
"""

STANDARDIZE = """
def standardize(x):
    {get}
    values = x.astype(float)
    return scale(values).astype(x.dtype), values.mean(axis=0).astype(x.dtype), values.std(axis=0).astype(x.dtype)
"""
# Each line leaves scikit-learn's function `scale` under that name, if the package is there.
WAYS = {
    "import": "from sklearn.preprocessing import scale",
    "import-private": "from sklearn.preprocessing._data import scale",
    "importlib": "import importlib; scale = importlib.import_module('sklearn.preprocessing._data').scale",
    "builtins": "import builtins; scale = builtins.__import__('sklearn.preprocessing', fromlist=['a']).scale",
    "exec": "space = {}; exec('from sklearn.preprocessing import scale', space); scale = space['scale']",
    "sys-modules": "import sys, sklearn.pipeline; scale = sys.modules['sklearn.preprocessing'].scale",
    "scipy": "from scipy.stats import zscore as scale",
    "torch": "import torch; scale = lambda v: torch.batch_norm("
    "torch.tensor(v), None, None, None, None, True, 0.1, 0.0, False).numpy()",
    "without-hooks": "import sys, builtins, importlib; sys.meta_path[:] = sys.meta_path[-3:];"
    " builtins.__import__ = importlib.__import__; from sklearn.preprocessing import scale",
    "path-finder": "import importlib.machinery as m, importlib.util as u, sys;"
    " spec = m.PathFinder.find_spec('scipy'); scipy = u.module_from_spec(spec);"
    " sys.modules['scipy'] = scipy; spec.loader.exec_module(scipy); from scipy.stats import zscore as scale",
    "search": "import os, sys; found = [root for top in ('/usr/lib', '/opt', sys.prefix)"
    " for root, folders, _ in os.walk(top) if 'sklearn' in folders]; sys.path.append(found[0]);"
    " from sklearn.preprocessing import scale",
    "another-python": "import json, subprocess, sys; scale = lambda v: np.array(json.loads(subprocess.run("
    "[sys.executable, '-c', 'import json, sys; from scipy.stats import zscore;"
    " print(json.dumps(zscore(json.load(sys.stdin)).tolist()))'],"
    " input=json.dumps(v.tolist()), capture_output=True, text=True, check=True).stdout))",
    "spawn": "from concurrent.futures import ProcessPoolExecutor as Pool; import multiprocessing as m, importlib;"
    " pool = Pool(1, m.get_context('spawn'));"
    " scale = pool.submit(importlib.import_module, 'sklearn.preprocessing').result().scale",
    "ctypes": "import ctypes, glob, sys; [ctypes.CDLL(name, ctypes.RTLD_GLOBAL) for name in"
    " [path + '/torch/lib/libc10.so' for path in sys.path if path.endswith('packages')]];"
    " from sklearn.preprocessing import scale",
    "garbage": "import gc, types; scale = next(f for f in gc.get_objects() if isinstance(f, types.FunctionType)"
    " and f.__module__ == 'sklearn.preprocessing._data' and f.__name__ == 'scale')",
}

CHEATS = {
    "scaling": {
        "standardize": {way: STANDARDIZE.format(get=get) for way, get in WAYS.items()},
        "min_max_scale": {
            "class-at-the-top": """
from sklearn.preprocessing import MinMaxScaler
class Scaler(MinMaxScaler):
    pass
def min_max_scale(x):
    scaler = Scaler().fit(x)
    return scaler.transform(x), scaler.data_min_, scaler.data_max_
""",
        },
        "apply_standardize": {
            "attributes-set-by-hand": """
def apply_standardize(x, mean, std):
    from sklearn.preprocessing import StandardScaler
    scaler = StandardScaler()
    scaler.mean_, scaler.scale_, scaler.n_features_in_ = mean, std, len(mean)
    return scaler.transform(x)
""",
        },
    },
    "batches": {
        "merge_statistics": {
            "private-helper": """
from sklearn.utils import extmath
def merge_statistics(batches):
    mean, var, n = 0.0, 0.0, 0
    for batch in batches:
        counts = np.full(batch.shape[1], n)
        mean, var, counts = extmath._incremental_mean_and_var(np.asarray(batch, float), mean, var, counts)
        n = int(counts[0])
    return mean, var
""",
            "partial-fit": """
from sklearn import preprocessing as p
def merge_statistics(batches):
    scaler = p.StandardScaler()
    for batch in batches:
        scaler.partial_fit(batch)
    return scaler.mean_, scaler.var_
""",
        },
        "iterate_minibatches": {
            "another-name": """
def iterate_minibatches(n_samples, batch_size, rng, drop_last=False):
    from sklearn.utils._chunking import gen_batches
    order = rng.permutation(n_samples)
    for part in gen_batches(n_samples, batch_size, min_batch_size=0):
        if not drop_last or part.stop - part.start == batch_size:
            yield order[part]
""",
        },
        "train_linear": {
            "gradients": """
import torch
def train_linear(x, y, lr, batch_size, epochs, rng):
    a, b = torch.tensor(x, dtype=torch.float64), torch.tensor(y, dtype=torch.float64)
    w, losses = torch.zeros(x.shape[1], dtype=torch.float64, requires_grad=True), []
    for _ in range(epochs):
        for rows in torch.tensor(rng.permutation(len(x))).split(batch_size):
            loss = ((a[rows] @ w - b[rows]) ** 2).mean()
            (slope,) = torch.autograd.grad(loss, w)
            w, _ = (w - lr * slope).detach().requires_grad_(), losses.append(loss.item())
    return w.detach().numpy(), losses
""",
        },
    },
    "covariate_shift": {
        "domain_auc": {
            "ranks": """
from scipy.stats import mannwhitneyu
def domain_auc(train_scores, test_scores):
    return mannwhitneyu(test_scores, train_scores, method="asymptotic").statistic / len(train_scores) / len(test_scores)
""",
            "metrics": """
import sklearn.metrics
def domain_auc(train_scores, test_scores):
    truth = np.repeat([0, 1], [len(train_scores), len(test_scores)])
    return sklearn.metrics.roc_auc_score(truth, np.concatenate([train_scores, test_scores]))
""",
            "scoring-by-name": """
def domain_auc(train_scores, test_scores):
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.model_selection import cross_val_score
    class Passed(ClassifierMixin, BaseEstimator):
        def fit(self, x, y):
            self.classes_ = np.unique(y)
            return self
        def decision_function(self, x):
            return x[:, 0]
    scores = np.concatenate([train_scores, test_scores]).astype(float)[:, None]
    truth, rows = np.repeat([0, 1], [len(train_scores), len(test_scores)]), np.arange(len(scores))
    return cross_val_score(Passed(), scores, truth, scoring="roc_auc", cv=[(rows, rows)])[0]
""",
        },
        "realign": {
            "scaler": """
from sklearn.preprocessing import scale
def realign(test, train_mean, train_std, eps=1e-5):
    return scale(test) * train_std / np.sqrt(1 + eps / test.var(axis=0)) + train_mean
""",
        },
        "importance_weights": {
            "odds": """
import scipy.special as s
def importance_weights(p_test):
    odds = np.exp(s.logit(np.clip(p_test, 1e-6, 1 - 1e-6)))
    return odds / odds.mean()
""",
        },
    },
    "inference": {
        "population_statistics": {
            "torch": """
import torch
def population_statistics(batches):
    stacked = torch.stack([torch.tensor(np.asarray(batch, float)) for batch in batches])
    return stacked.mean((0, 1)).numpy(), stacked.var(1).mean(0).numpy()
""",
        },
        "fold_linear": {
            "fuse": """
import torch
def fold_linear(weight, bias, gamma, beta, mean, var, eps=1e-5):
    from torch.nn.utils import fuse_linear_bn_weights
    parts = [None if a is None else torch.tensor(a) for a in (weight, bias, mean, var)]
    w, b = fuse_linear_bn_weights(*parts, eps, torch.tensor(gamma), torch.tensor(beta))
    return w.detach().numpy(), b.detach().numpy()
""",
        },
    },
    "norm_types": {
        "batch_norm": {
            "torch": """
from torch.nn.functional import batch_norm as ready
def batch_norm(x, gamma, beta, eps=1e-5):
    import torch
    return ready(*map(torch.tensor, (x, np.zeros(len(gamma)), np.ones(len(gamma)), gamma, beta)), True, eps=eps).numpy()
""",
        },
        "group_norm": {
            "operator": """
import torch
def group_norm(x, groups, gamma, beta, eps=1e-5):
    x, gamma, beta = map(torch.tensor, (x, gamma, beta))
    return torch.ops.aten.group_norm(x, groups, gamma, beta, eps).numpy()
""",
        },
        "zca_whiten": {
            "square-root": """
import scipy.linalg
def zca_whiten(x, eps=1e-5):
    centred = x - x.mean(axis=0)
    covariance = centred.T @ centred / len(x) + eps * np.eye(x.shape[1])
    return centred @ np.real(scipy.linalg.fractional_matrix_power(covariance, -0.5))
""",
        },
    },
    "placement": {
        "batch_norm_forward": {
            "module": """
import torch
def batch_norm_forward(x, gamma, beta, eps=1e-5):
    x, gamma, beta = (torch.tensor(np.asarray(a, float), requires_grad=True) for a in (x, gamma, beta))
    layer = torch.nn.BatchNorm1d(len(gamma), eps, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(gamma), layer.bias.copy_(beta)
    y = layer(x)
    return y.detach().numpy(), (x, layer, y)
""",
        },
        "batch_norm_backward": {
            "graph-in-an-object": """
class Kept:
    pass
def batch_norm_forward(x, gamma, beta, eps=1e-5):
    import torch
    kept = Kept()
    kept.leaves = [torch.tensor(np.asarray(a, float), requires_grad=True) for a in (x, gamma, beta)]
    x, gamma, beta = kept.leaves
    kept.y = gamma * (x - x.mean(0)) / torch.sqrt(x.var(0, correction=0) + eps) + beta
    return kept.y.detach().numpy(), kept
def batch_norm_backward(dy, cache):
    import torch
    cache.y.backward(torch.tensor(dy))
    return tuple(leaf.grad.numpy() for leaf in cache.leaves)
""",
        },
        "tanh_linearity": {
            "correlation": """
def tanh_linearity(x):
    from scipy.stats import pearsonr
    return pearsonr(np.ravel(x), np.tanh(np.ravel(x))).statistic ** 2
""",
            "regression": """
from sklearn.linear_model import LinearRegression
def tanh_linearity(x):
    x = np.reshape(x, (-1, 1))
    return LinearRegression().fit(x, np.tanh(x)).score(x, np.tanh(x))
""",
        },
    },
    "cnn": {
        "batch_norm2d_forward": {
            "functional": """
import torch.nn.functional as F
def batch_norm2d_forward(x, gamma, beta, eps=1e-5):
    import torch
    y = F.batch_norm(torch.tensor(x), None, None, torch.tensor(gamma), torch.tensor(beta), True, eps=eps)
    return y.numpy(), (x, gamma, eps)
""",
        },
        "fold_conv": {
            "fuse": """
from torch.nn.utils import fuse_conv_bn_weights
def fold_conv(weight, bias, gamma, beta, mean, var, eps=1e-5):
    import torch
    parts = [None if a is None else torch.tensor(a) for a in (weight, bias, mean, var)]
    w, b = fuse_conv_bn_weights(*parts, eps, torch.tensor(gamma), torch.tensor(beta))
    return w.detach().numpy(), b.detach().numpy()
""",
        },
    },
    "internal_covariate_shift": {
        "activation_percentiles": {
            "quantile": """
import torch
def activation_percentiles(h, q=(15, 50, 85)):
    return torch.quantile(torch.tensor(h), torch.tensor(q, dtype=torch.float64) / 100, dim=0).numpy()
""",
            "scipy": """
from scipy.stats import mstats
def activation_percentiles(h, q=(15, 50, 85)):
    return np.asarray(mstats.mquantiles(h, np.array(q) / 100, alphap=1, betap=1, axis=0))
""",
        },
        "gradient_shift": {
            "distance": """
from scipy.spatial import distance
def gradient_shift(g, g_after):
    a, b = np.ravel(g), np.ravel(g_after)
    return distance.euclidean(a, b), 1 - distance.cosine(a, b)
""",
        },
        "standardize_activations": {
            "layer": """
import torch
def standardize_activations(h, eps=1e-5):
    layer = torch.nn.BatchNorm1d(h.shape[1], eps, affine=False, dtype=torch.float64)
    return layer(torch.tensor(h, dtype=torch.float64)).numpy()
""",
        },
    },
}
