"""Right but unusual answers to the assignment on placement; some backward passes need their own forward pass."""

UNUSUAL = {
    "batch_norm_forward": {
        "column by column, a list for the tuple": """
def batch_norm_forward(x, gamma, beta, eps=1e-5):
    y = np.zeros(x.shape, x.dtype if x.dtype.kind == "f" else float)
    stds = []
    for j in range(x.shape[1]):
        column = [float(v) for v in x[:, j]]
        mean = sum(column) / len(column)
        std = (sum((v - mean) ** 2 for v in column) / len(column) + eps) ** 0.5
        y[:, j] = [gamma[j] * (v - mean) / std + beta[j] for v in column]
        stds.append(std)
    return [y, {"std": stds}]
""",
        "folded into one scale and one shift, in float64": """
def batch_norm_forward(x, gamma, beta, eps=1e-5):
    wide = x.astype(np.float64)
    first = wide[0].copy()
    wide -= first
    mean = wide.mean(axis=0)
    a = gamma / np.sqrt(np.einsum("ij,ij->j", wide - mean, wide - mean) / len(x) + eps)
    y = wide * a + (beta - a * mean)
    return y.astype(x.dtype if x.dtype.kind == "f" else np.float64), (x.copy(), gamma.copy(), eps)
""",
        "Welford's algorithm": """
def batch_norm_forward(x, gamma, beta, eps=1e-5):
    mean, m2 = x[0].astype(float), np.zeros(x.shape[1])
    for n, row in enumerate(x[1:].astype(float), 2):
        delta = row - mean
        mean += delta / n
        m2 += delta * (row - mean)
    inv = (m2 / len(x) + eps) ** -0.5
    y = (x - mean) * inv * gamma + beta
    return y.astype(np.float32 if x.dtype == np.float32 else np.float64), None
""",
        "in the dtype of the input": """
def batch_norm_forward(x, gamma, beta, eps=1e-5):
    if not np.issubdtype(x.dtype, np.floating):
        x, gamma, beta = x.astype(float), gamma.astype(float), beta.astype(float)
    x_hat = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + x.dtype.type(eps))
    return gamma * x_hat + beta, {"x_hat": x_hat, "x": x}
""",
        "transposed, and a function for the cache": """
def batch_norm_forward(x, gamma, beta, eps=1e-5):
    out = x.dtype if x.dtype.kind == "f" else np.dtype(float)
    rows = np.ascontiguousarray(x.T, dtype=float)
    rows = rows - np.mean(rows, axis=1, keepdims=True)
    rows /= np.sqrt(np.mean(rows * rows, axis=1, keepdims=True) + eps)
    y = rows * gamma[:, None] + beta[:, None]
    return y.T.astype(out), lambda dy: (rows * dy.T).sum(axis=1)
""",
    },
    "batch_norm_backward": {
        "in stages, along every path": """
def batch_norm_forward(x, gamma, beta, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    mu = x.mean(axis=0)
    xmu = x - mu
    var = (xmu**2).mean(axis=0)
    sqrtvar = np.sqrt(var + eps)
    ivar = 1 / sqrtvar
    xhat = xmu * ivar
    return (gamma * xhat + beta).astype(dtype), (xhat, gamma, xmu, ivar, sqrtvar, var, eps)


def batch_norm_backward(dy, cache):
    xhat, gamma, xmu, ivar, sqrtvar, var, eps = cache
    n = len(dy)
    dtype = dy.dtype if dy.dtype.kind == "f" else float
    dbeta = np.sum(dy, axis=0)
    dgamma = np.sum(dy * xhat, axis=0)
    dxhat = dy * gamma
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu1 = dxhat * ivar
    dsqrtvar = -divar / sqrtvar**2
    dvar = 0.5 / np.sqrt(var + eps) * dsqrtvar
    dsq = np.ones(dy.shape) * dvar / n
    dxmu2 = 2 * xmu * dsq
    dx1 = dxmu1 + dxmu2
    dmu = -np.sum(dxmu1 + dxmu2, axis=0)
    dx2 = np.ones(dy.shape) * dmu / n
    return (dx1 + dx2).astype(dtype), dgamma.astype(dtype), dbeta.astype(dtype)
""",
        "by the Jacobian of each column": """
def batch_norm_backward(dy, cache):
    x_hat, std, gamma = cache
    n = len(dy)
    dx = np.empty(dy.shape)
    for j in range(dy.shape[1]):
        h = x_hat[:, j]
        jacobian = gamma[j] / std[j] * (np.eye(n) - 1 / n - np.outer(h, h) / n)
        dx[:, j] = jacobian.T @ dy[:, j]
    out = [dx, np.einsum("ij,ij->j", dy, x_hat), dy.sum(axis=0)]
    return [part.astype(dy.dtype if dy.dtype.kind == "f" else float) for part in out]
""",
        "everything again from x": """
def batch_norm_forward(x, gamma, beta, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    mean, std = x.mean(axis=0, dtype=float), np.sqrt(x.var(axis=0, dtype=float) + eps)
    y = gamma * (x - mean) / std + beta
    return y.astype(dtype), {"x": x, "gamma": gamma, "eps": eps}


def batch_norm_backward(dy, cache):
    x, gamma, eps = cache["x"].astype(float), cache["gamma"].astype(float), cache["eps"]
    dtype = np.float32 if dy.dtype == np.float32 else np.float64
    var = x.var(axis=0)
    centred = x - x.mean(axis=0)
    g = dy * gamma
    dvar = -0.5 * (g * centred).sum(axis=0) * (var + eps) ** -1.5
    dmean = -g.sum(axis=0) / np.sqrt(var + eps) - 2 * dvar * centred.mean(axis=0)
    dx = g / np.sqrt(var + eps) + dvar * 2 * centred / len(x) + dmean / len(x)
    dgamma = (dy * centred / np.sqrt(var + eps)).sum(axis=0)
    return dx.astype(dtype), dgamma.astype(dtype), dy.sum(axis=0).astype(dtype)
""",
        "a namedtuple caches": """
from typing import NamedTuple

class Cache(NamedTuple):
    h: np.ndarray
    scale: np.ndarray

def batch_norm_forward(x, gamma, beta, eps=1e-5):
    centred = x - x.mean(axis=0, dtype=float)
    inv = 1 / np.sqrt((centred**2).mean(axis=0) + eps)
    y = gamma * centred * inv + beta
    return y.astype(x.dtype if x.dtype.kind == "f" else float), Cache(centred * inv, gamma * inv)


def batch_norm_backward(dy, cache):
    dtype, dbeta, dgamma = dy.dtype if dy.dtype.kind == "f" else float, dy.sum(axis=0), (dy * cache.h).sum(axis=0)
    dx = cache.scale * (dy - dbeta / len(dy) - cache.h * dgamma / len(dy))
    return dx.astype(dtype), dgamma.astype(dtype), dbeta.astype(dtype)
""",
        "the forward pass caches its own backward": """
def batch_norm_forward(x, gamma, beta, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    centred = x - x.mean(axis=0, dtype=float)
    inv = 1 / np.sqrt((centred**2).mean(axis=0) + eps)
    h = centred * inv

    def back(dy):
        g = dy * gamma
        return inv * (g - g.mean(axis=0) - h * (g * h).mean(axis=0)), (dy * h).sum(axis=0), dy.sum(axis=0)

    return (gamma * h + beta).astype(dtype), back


def batch_norm_backward(dy, cache):
    return tuple(part.astype(dy.dtype if dy.dtype.kind == "f" else float) for part in cache(dy))
""",
        "in the dtype of the input": """
def batch_norm_forward(x, gamma, beta, eps=1e-5):
    if x.dtype.kind != "f":
        x, gamma, beta = x * 1.0, gamma * 1.0, beta * 1.0
    inv = 1 / np.sqrt(x.var(axis=0) + x.dtype.type(eps))
    h = (x - x.mean(axis=0)) * inv
    return gamma * h + beta, (h, gamma, inv)


def batch_norm_backward(dy, cache):
    h, gamma, inv = cache
    dy = dy.astype(h.dtype)
    n = dy.shape[0]
    dgamma, dbeta = np.sum(dy * h, axis=0), np.sum(dy, axis=0)
    return gamma * inv / n * (n * dy - dbeta - h * dgamma), dgamma, dbeta
""",
    },
    "tanh_linearity": {
        "np.corrcoef": """
def tanh_linearity(x):
    x = np.ravel(x).astype(float)
    t = np.tanh(x)
    if len(np.unique(x)) == 1 or len(np.unique(t)) == 1:
        return 1
    return np.corrcoef(x, t)[0, 1] ** 2
""",
        "np.polyfit": """
def tanh_linearity(x):
    x = x.flatten().astype(float)
    t = np.tanh(x)
    if (x == x[0]).all() or (t == t[0]).all():
        return 1.0
    x = (x - x.mean()) / x.std()
    error = t - np.polyval(np.polyfit(x, t, 1), x)
    return 1 - (error @ error) / ((t - t.mean()) @ (t - t.mean()))
""",
        "np.linalg.lstsq": """
def tanh_linearity(x):
    x = x.reshape(-1).astype(np.float64)
    t = np.tanh(x)
    if np.ptp(x) == 0 or np.ptp(t) == 0:
        return np.float64(1)
    a = np.column_stack([x - x[0], np.ones(len(x))])
    fitted = a @ np.linalg.lstsq(a, t, rcond=None)[0]
    return ((fitted - t.mean()) ** 2).sum() / ((t - t.mean()) ** 2).sum()
""",
        "in plain Python": """
def tanh_linearity(x):
    import math
    xs = [float(v) for row in x for v in row]
    ts = [math.tanh(v) for v in xs]
    if max(xs) == min(xs) or max(ts) == min(ts):
        return 1.0
    mx, mt = math.fsum(xs) / len(xs), math.fsum(ts) / len(ts)
    sxx = math.fsum((v - mx) ** 2 for v in xs)
    stt = math.fsum((t - mt) ** 2 for t in ts)
    return math.fsum((v - mx) * (t - mt) for v, t in zip(xs, ts)) ** 2 / (sxx * stt)
""",
        "in the dtype of the input": """
def tanh_linearity(x):
    t = np.tanh(x)
    if x.max() == x.min() or t.max() == t.min():
        return 1.0
    x, t = x - x.mean(), t - t.mean()
    slope = (x * t).sum() / (x * x).sum()
    return 1 - ((t - slope * x) ** 2).sum() / (t**2).sum()
""",
    },
    "make_block": {
        "a match statement": """
def make_block(in_features, out_features, placement):
    nn = torch.nn
    match placement:
        case "pre":
            linear = nn.Linear(in_features, out_features, False)
            return nn.Sequential(linear, nn.BatchNorm1d(out_features), nn.Tanh())
        case "post":
            return nn.Sequential(nn.Linear(in_features, out_features), nn.Tanh(), nn.BatchNorm1d(out_features))
        case _:
            raise ValueError(placement)
""",
        "named layers": """
def make_block(in_features, out_features, placement):
    from collections import OrderedDict
    orders = {"pre": ("norm", "act"), "post": ("act", "norm")}
    if placement not in orders:
        raise ValueError("placement is pre or post")
    layers = {"norm": torch.nn.BatchNorm1d(out_features), "act": torch.nn.Tanh()}
    linear = torch.nn.Linear(in_features, out_features, bias=placement != "pre")
    return torch.nn.Sequential(OrderedDict([("linear", linear)] + [(k, layers[k]) for k in orders[placement]]))
""",
        "layers appended, an error of its own": """
def make_block(in_features, out_features, placement):
    class PlacementError(ValueError):
        pass
    block = torch.nn.Sequential()
    if placement == "pre":
        block.append(torch.nn.Linear(in_features, out_features, bias=None))
        block.append(torch.nn.BatchNorm1d(out_features))
        block.append(torch.nn.Tanh())
    elif placement == "post":
        block.append(torch.nn.Linear(in_features, out_features))
        block.append(torch.nn.Tanh())
        block.append(torch.nn.BatchNorm1d(out_features))
    else:
        raise PlacementError("no such placement")
    return block
""",
        "a class that is a Sequential": """
class Block(torch.nn.Sequential):
    def __init__(self, a, b, placement):
        if placement != "pre" and placement != "post":
            raise ValueError("pre or post?")
        norm, tanh = torch.nn.BatchNorm1d(b), torch.nn.Tanh()
        rest = [norm, tanh] if placement == "pre" else [tanh, norm]
        super().__init__(torch.nn.Linear(a, b, bias=placement == "post"), *rest)


def make_block(in_features, out_features, placement):
    return Block(in_features, out_features, placement)
""",
        "layers inserted, the bias taken out": """
def make_block(in_features, out_features, placement):
    if placement not in ["pre", "post"]:
        raise ValueError
    layers = [torch.nn.Linear(in_features, out_features), torch.nn.Tanh()]
    if placement == "pre":
        layers[0].register_parameter("bias", None)
    layers.insert(1 if placement == "pre" else 2, torch.nn.BatchNorm1d(out_features))
    return torch.nn.Sequential(*layers)
""",
    },
}
