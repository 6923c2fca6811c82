"""Right but unusual answers to the assignment on covariate shift."""

UNUSUAL = {
    "mean_shift": {
        "column by column": """
def mean_shift(train, test):
    shifts = []
    for a, b in zip(train.T.astype(float), test.T.astype(float)):
        mean_a = a[0] if min(a) == max(a) else sum(a) / len(a)
        mean_b = b[0] if min(b) == max(b) else sum(b) / len(b)
        if min(a) == max(a):
            shifts.append(0.0 if mean_a == mean_b else float("inf"))
        else:
            std = (sum((a - mean_a) ** 2) / len(a)) ** 0.5
            shifts.append(abs(mean_a - mean_b) / std)
    return np.array(shifts, np.float32 if train.dtype == np.float32 else float)
""",
        "shifted by the first row": """
def mean_shift(train, test):
    dtype = train.dtype if np.issubdtype(train.dtype, np.floating) else np.float64
    base = train[:1].astype(np.float64)
    a, b = train - base, test - base
    flat = ~(b != b[:1]).any(axis=0)
    moved = np.abs(np.where(flat, b[0], b.mean(axis=0)) - a.mean(axis=0))
    std = np.sqrt(np.einsum("ij,ij->j", a - a.mean(axis=0), a - a.mean(axis=0)) / len(a))
    out = np.full(train.shape[1], np.inf)
    out[moved == 0] = 0
    np.divide(moved, std, out=out, where=std > 0)
    return out.astype(dtype)
""",
        "warnings silenced, nan to 0": """
def mean_shift(train, test):
    a, b = train.astype(np.float64), test.astype(np.float64)
    mean_a = np.where(np.ptp(a, axis=0) == 0, a[0], a.mean(axis=0))
    mean_b = np.where(np.ptp(b, axis=0) == 0, b[0], b.mean(axis=0))
    std = np.where(np.ptp(a, axis=0) == 0, 0.0, a.std(axis=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.nan_to_num(np.abs(mean_b - mean_a) / std, nan=0.0, posinf=np.inf)
    return shift if train.dtype.kind != "f" else shift.astype(train.dtype)
""",
        "exact sums": """
import math

def mean_shift(train, test):
    def mean(column):
        return column[0] if len(set(column)) == 1 else math.fsum(column) / len(column)
    result = np.empty(train.shape[1], train.dtype if train.dtype.kind == "f" else "f8")
    for j in range(train.shape[1]):
        a, b = train[:, j].tolist(), test[:, j].tolist()
        m, moved = mean(a), abs(mean(b) - mean(a))
        std = math.sqrt(math.fsum((v - m) ** 2 for v in a) / len(a))
        result[j] = moved / std if std else math.inf if moved else 0
    return result
""",
        "in the dtype of the input": """
def mean_shift(train, test):
    if train.dtype.kind != "f":
        train, test = train * 1.0, test * 1.0
    constant = (train == train[0]).all(axis=0)
    flat = (test == test[0]).all(axis=0)
    a = np.where(constant, train[0], train.mean(axis=0))
    b = np.where(flat, test[0], test.mean(axis=0))
    std = np.where(constant, np.ones_like(a), train.std(axis=0))
    return np.where(constant & (a != b), np.array(np.inf, train.dtype), abs(b - a) / std)
""",
    },
    "domain_auc": {
        "ranks with averaged ties": """
def domain_auc(train_scores, test_scores):
    n, m = len(train_scores), len(test_scores)
    values, where, counts = np.unique(
        np.concatenate([test_scores, train_scores]), return_inverse=True, return_counts=True
    )
    ranks = np.cumsum(counts) - (counts - 1) / 2
    return (ranks[where.ravel()[:m]].sum() - m * (m + 1) / 2) / (n * m)
""",
        "bisect": """
from bisect import bisect_left, bisect_right

def domain_auc(train_scores, test_scores):
    ordered = sorted(train_scores.tolist())
    twice = sum(bisect_left(ordered, s) + bisect_right(ordered, s) for s in test_scores.tolist())
    return twice / (2 * len(ordered) * len(test_scores))
""",
        "looks up the training scores": """
def domain_auc(train_scores, test_scores):
    b = np.sort(test_scores)[::-1][::-1]
    above = len(b) - np.searchsorted(b, train_scores, "right")
    tied = np.searchsorted(b, train_scores, "right") - np.searchsorted(b, train_scores, "left")
    return np.float64(np.mean(above + tied / 2) / len(b))
""",
        "area under the curve": """
def domain_auc(train_scores, test_scores):
    values = np.unique(np.concatenate([train_scores, test_scores]))
    a = np.searchsorted(np.sort(train_scores), values, side="right") / len(train_scores)
    b = np.searchsorted(np.sort(test_scores), values, side="right") / len(test_scores)
    x, y = np.concatenate([[0], a]), np.concatenate([[0], b])
    return 1 - float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))
""",
        "a walk over both sorted lists": """
def domain_auc(train_scores, test_scores):
    a, i, j, total = sorted(train_scores.tolist()), 0, 0, 0.0
    for s in sorted(test_scores.tolist()):
        while i < len(a) and a[i] < s:
            i += 1
        while j < len(a) and a[j] <= s:
            j += 1
        total += i + (j - i) / 2
    return total / len(a) / len(test_scores)
""",
    },
    "importance_weights": {
        "through the logarithm": """
def importance_weights(p_test):
    p = np.clip(np.asarray(p_test, dtype=np.float64), 1e-6, 1 - 1e-6)
    logit = np.log(p) - np.log1p(-p)
    w = np.exp(logit - logit.max())
    w = w * len(w) / w.sum()
    return w.astype(p_test.dtype) if p_test.dtype.kind == "f" else w
""",
        "one over (1/p - 1)": """
def importance_weights(p_test):
    out = p_test.dtype if np.issubdtype(p_test.dtype, np.floating) else np.dtype(float)
    p = np.minimum(np.maximum(p_test.astype(float), 1e-6), 1 - 1e-6)
    r = 1 / (1 / p - 1)
    return np.divide(r, np.mean(r)).astype(out)
""",
        "one by one": """
def importance_weights(p_test):
    odds = []
    for p in p_test.tolist():
        p = min(max(p, 1e-6), 1 - 1e-6)
        odds.append(p / (1 - p))
    mean = sum(odds) / len(odds)
    return np.array([r / mean for r in odds], np.float32 if p_test.dtype == np.float32 else float)
""",
        "clipped by masks": """
def importance_weights(p_test):
    p = np.array(p_test, np.float64)
    p[p < 1e-6] = 1e-6
    p[p > 1 - 1e-6] = 1 - 1e-6
    p /= 1 - p
    p /= np.average(p)
    return p.astype(np.promote_types(p_test.dtype, np.float16) if p_test.dtype.kind == "f" else float)
""",
    },
    "realign": {
        "one scale and one shift": """
def realign(test, train_mean, train_std, eps=1e-5):
    dtype = test.dtype if test.dtype.kind == "f" else float
    t = test.astype(float)
    a = train_std / np.sqrt(t.var(axis=0) + eps)
    return ((t - t.mean(axis=0)) * a + train_mean).astype(dtype)
""",
        "column by column": """
def realign(test, train_mean, train_std, eps=1e-5):
    out = np.empty(test.shape, test.dtype if np.issubdtype(test.dtype, np.floating) else np.float64)
    for j, column in enumerate(test.T):
        column = [float(v) for v in column]
        mean = sum(column) / len(column)
        var = sum((v - mean) ** 2 for v in column) / len(column)
        out[:, j] = [(v - mean) / (var + eps) ** 0.5 * train_std[j] + train_mean[j] for v in column]
    return out
""",
        "in place on a copy": """
def realign(test, train_mean, train_std, eps=1e-5):
    x = np.array(test, test.dtype if test.dtype.kind == "f" else "float64", order="F")
    x -= x.mean(axis=0, keepdims=True)
    x -= x.mean(axis=0, keepdims=True)
    x /= np.sqrt(np.einsum("ij,ij->j", x, x) / len(x) + eps)
    x *= train_std
    x += train_mean
    return x
""",
        "transposed, with a diagonal matrix": """
def realign(test, train_mean, train_std, eps=1e-5):
    rows = test.T.astype(np.float64)
    rows = rows - rows.mean(axis=1, keepdims=True)
    scale = np.diag(train_std.astype(float) * (np.mean(rows**2, axis=1) + eps) ** -0.5)
    result = np.asarray(train_mean)[None, :] + rows.T @ scale
    return result.astype(test.dtype) if test.dtype.kind == "f" else result
""",
    },
}
