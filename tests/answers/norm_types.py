"""Right but unusual answers to the assignment on normalization types."""

UNUSUAL = {
    "batch_norm": {
        "channel by channel": """
def batch_norm(x, gamma, beta, eps=1e-5):
    y = np.empty(x.shape, x.dtype if x.dtype.kind == "f" else float)
    for c in range(x.shape[1]):
        channel = x[:, c].astype(float)
        d = channel - channel.sum() / channel.size
        y[:, c] = float(gamma[c]) * d / ((d * d).sum() / channel.size + eps) ** 0.5 + float(beta[c])
    return y
""",
        "in the dtype of the input": """
def batch_norm(x, gamma, beta, eps=1e-5):
    if x.dtype.kind != "f":
        x, gamma, beta = x.astype(float), gamma.astype(float), beta.astype(float)
    mean = x.mean((0, 2, 3), keepdims=True)
    var = np.mean((x - mean) ** 2, (0, 2, 3), keepdims=True)
    return gamma.reshape(1, -1, 1, 1) * ((x - mean) / np.sqrt(var + x.dtype.type(eps))) + beta.reshape(1, -1, 1, 1)
""",
        "channel last, as a table": """
def batch_norm(x, gamma, beta, eps=1e-5):
    n, c, h, w = x.shape
    rows = np.moveaxis(x, 1, -1).reshape(-1, c).astype(np.float64)
    rows -= rows[0].copy()
    rows -= np.ones(len(rows)) @ rows / len(rows)
    rows *= gamma / np.sqrt(np.einsum("ij,ij->j", rows, rows) / len(rows) + eps)
    y = np.moveaxis((rows + beta).reshape(n, h, w, c), -1, 1)
    return np.ascontiguousarray(y, dtype=x.dtype if x.dtype.kind == "f" else np.float64)
""",
        "a scale and a shift": """
def batch_norm(x, gamma, beta, eps=1e-5):
    out = np.float32 if x.dtype == np.float32 else np.float64
    v = x.astype(np.float64).transpose(1, 0, 2, 3)
    flat = v.reshape(len(v), -1)
    mean = flat.mean(1)
    flat = flat - mean[:, None]
    mean2 = flat.mean(1)
    scale = gamma / np.sqrt(flat.var(1) + eps)
    shift = beta - scale * mean2
    y = flat * scale[:, None] + shift[:, None]
    return y.reshape(v.shape).transpose(1, 0, 2, 3).astype(out)
""",
        "Welford over the samples": """
def batch_norm(x, gamma, beta, eps=1e-5):
    n, c = x.shape[:2]
    count, mean, m2 = 0, np.zeros(c), np.zeros(c)
    for sample in x.astype(float):
        m = sample[0].size
        k = sample.reshape(c, m).mean(axis=1)
        delta = k - mean
        m2 += sample.reshape(c, m).var(axis=1) * m + delta**2 * count * m / (count + m)
        mean += delta * m / (count + m)
        count += m
    mean, var = mean[:, None, None], (m2 / count)[:, None, None]
    y = (x - mean) / (var + eps) ** 0.5 * gamma[:, None, None] + beta[:, None, None]
    return y.astype(x.dtype if x.dtype.kind == "f" else float)
""",
    },
    "layer_norm": {
        "sample by sample": """
def layer_norm(x, gamma, beta, eps=1e-5):
    samples = []
    for sample in x.astype(float):
        d = sample - sample.mean()
        samples.append(d / np.sqrt((d**2).mean() + eps) * gamma[:, None, None] + beta[:, None, None])
    return np.stack(samples).astype(x.dtype if x.dtype.kind == "f" else float)
""",
        "flat": """
def layer_norm(x, gamma, beta, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else np.float64
    flat = x.reshape(len(x), -1).astype(np.float64)
    flat = ((flat.T - flat.mean(1)) / np.sqrt(flat.var(1) + eps)).T
    size = x.shape[2] * x.shape[3]
    return (flat * np.repeat(gamma, size) + np.repeat(beta, size)).reshape(x.shape).astype(dtype)
""",
        "in the dtype of the input, einsum": """
def layer_norm(x, gamma, beta, eps=1e-5):
    if not np.issubdtype(x.dtype, np.floating):
        x, gamma, beta = (a.astype("float64") for a in (x, gamma, beta))
    d = x - x.mean(axis=(1, 2, 3))[:, None, None, None]
    var = np.einsum("nchw,nchw->n", d, d) / d[0].size
    h = d / np.sqrt(var + eps).astype(x.dtype).reshape(-1, 1, 1, 1)
    return (np.einsum("nchw,c->nchw", h, gamma) + beta[None, :, None, None]).astype(x.dtype)
""",
        "through float64 and np.divide": """
def layer_norm(x, gamma, beta, eps=0.00001):
    y = np.subtract(x, np.mean(x, axis=(1, 2, 3), keepdims=True, dtype=np.float64), dtype=np.float64)
    np.divide(y, np.sqrt(np.mean(np.square(y), axis=(1, 2, 3), keepdims=True) + eps), out=y)
    y *= gamma[None, :, None, None]
    y += beta[None, :, None, None]
    return y if x.dtype.kind != "f" else y.astype(x.dtype)
""",
    },
    "instance_norm": {
        "two loops": """
def instance_norm(x, gamma, beta, eps=1e-5):
    y = np.zeros(x.shape, dtype=x.dtype if x.dtype.kind == "f" else float)
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            d = x[n, c].astype(float)
            d = d - d.mean()
            y[n, c] = float(gamma[c]) * d / np.sqrt(np.mean(d * d) + eps) + float(beta[c])
    return y
""",
        "batch norm of one sample with N * C channels": """
def instance_norm(x, gamma, beta, eps=1e-5):
    n, c, h, w = x.shape
    v = x.astype(float).reshape(n * c, h * w)
    v = v - v.mean(1, keepdims=True)
    v = v / np.sqrt((v * v).mean(1, keepdims=True) + eps)
    v = v * np.tile(gamma, n)[:, None] + np.tile(beta, n)[:, None]
    return v.reshape(n, c, h, w).astype(x.dtype if x.dtype.kind == "f" else float)
""",
        "in the dtype of the input": """
def instance_norm(x, gamma, beta, eps=1e-5):
    if x.dtype.kind in "iu":
        x = x.astype(float)
    mean, std = x.mean((2, 3), keepdims=True), x.std((2, 3), keepdims=True)
    root = np.hypot(std, np.sqrt(eps)).astype(x.dtype)
    return ((x - mean) / root * gamma[:, None, None] + beta[:, None, None]).astype(x.dtype)
""",
        "np.vectorize over channels": """
def instance_norm(x, gamma, beta, eps=1e-5):
    def one(channel, g, b):
        d = channel - channel[0]
        d = d - d.mean()
        return g * d * (d @ d / len(d) + eps) ** -0.5 + b

    flat = x.reshape(*x.shape[:2], -1).astype(np.float64)
    y = np.vectorize(one, signature="(m),(),()->(m)")(flat, gamma[None], beta[None])
    return y.reshape(x.shape).astype(x.dtype if x.dtype.kind == "f" else np.float64)
""",
    },
    "group_norm": {
        "group by group": """
def group_norm(x, groups, gamma, beta, eps=1e-5):
    size, rest = divmod(x.shape[1], groups)
    if rest or size == 0:
        raise ValueError("C is not divisible by groups")
    y = np.empty(x.shape, x.dtype if x.dtype.kind == "f" else float)
    for start in range(0, x.shape[1], size):
        part = slice(start, start + size)
        v = x[:, part].astype(float)
        d = v - v.mean(axis=(1, 2, 3), keepdims=True)
        h = d / np.sqrt((d**2).mean(axis=(1, 2, 3), keepdims=True) + eps)
        y[:, part] = h * gamma[part, None, None] + beta[part, None, None]
    return y
""",
        "np.split and np.concatenate": """
def group_norm(x, groups, gamma, beta, eps=1e-5):
    x64 = x.astype(np.float64)
    parts = np.split(x64, groups, axis=1)
    done = [(p - p.mean((1, 2, 3), keepdims=True)) / (p.var((1, 2, 3), keepdims=True) + eps) ** 0.5 for p in parts]
    y = np.concatenate(done, axis=1) * gamma[:, None, None] + beta[:, None, None]
    return y.astype(x.dtype) if x.dtype.kind == "f" else y
""",
        "means spread by np.repeat": """
def group_norm(x, groups, gamma, beta, eps=1e-5):
    n, c, h, w = x.shape
    if groups > c or c % groups != 0:
        raise ValueError(f"{c} channels, {groups} groups")
    v = x.astype(float)
    size = c // groups
    mean = np.repeat(v.mean(axis=(2, 3)).reshape(n, groups, size).mean(axis=2), size, axis=1)[:, :, None, None]
    var = np.repeat(((v - mean) ** 2).mean(axis=(2, 3)).reshape(n, groups, size).mean(axis=2), size, axis=1)
    y = gamma[:, None, None] * (v - mean) / np.sqrt(var[:, :, None, None] + eps) + beta[:, None, None]
    return y.astype(np.float32 if x.dtype == np.float32 else np.float64)
""",
        "in the dtype of the input, an error of its own": """
class GroupsError(ValueError):
    pass


def group_norm(x, groups, gamma, beta, eps=1e-5):
    if x.shape[1] // groups * groups != x.shape[1]:
        raise GroupsError
    if x.dtype.kind != "f":
        x = x.astype(float)
    v = x.reshape(x.shape[0] * groups, -1)
    mean = v.mean(axis=1, keepdims=True)
    h = (v - mean) / np.sqrt(v.var(axis=1, keepdims=True) + x.dtype.type(eps))
    return (h.reshape(x.shape) * gamma[None, :, None, None] + beta[None, :, None, None]).astype(x.dtype)
""",
    },
    "zca_whiten": {
        "svd of the table": """
def zca_whiten(x, eps=1e-5):
    v = x.astype(np.float64)
    v = v - v.mean(axis=0)
    u, s, vt = np.linalg.svd(v, full_matrices=False)
    z = u * (s / np.sqrt(s**2 / len(v) + eps)) @ vt
    return z.astype(x.dtype if x.dtype.kind == "f" else np.float64)
""",
        "svd of np.cov": """
def zca_whiten(x, eps=1e-5):
    d = x.shape[1]
    v = x - np.mean(x, axis=0, dtype=float)
    u, s, _ = np.linalg.svd(np.cov(v, rowvar=False, bias=True).reshape(d, d), hermitian=True)
    w = u @ np.diag((s + eps) ** -0.5) @ u.T
    return (w @ v.T).T.astype(x.dtype if x.dtype.kind == "f" else float)
""",
        "in the dtype of the input": """
def zca_whiten(x, eps=1e-5):
    if x.dtype.kind != "f":
        x = x.astype(float)
    c = x - x.mean(axis=0)
    sigma = c.T @ c / x.dtype.type(len(x))
    values, vectors = np.linalg.eigh(sigma)
    return (c @ (vectors * (1 / np.sqrt(values + x.dtype.type(eps)))) @ vectors.T).astype(x.dtype)
""",
        "eps on the diagonal, eigenvalue by eigenvalue": """
def zca_whiten(x, eps=1e-5):
    v = np.array(x, dtype=np.float64)
    v -= v.mean(axis=0)
    sigma = v.T @ v / len(v) + eps * np.eye(v.shape[1])
    values, vectors = np.linalg.eigh(sigma)
    w = sum(np.outer(q, q) / value**0.5 for value, q in zip(values, vectors.T))
    return (v @ w).astype(x.dtype if x.dtype.kind == "f" else np.float64)
""",
        "Denman-Beavers iteration": """
def zca_whiten(x, eps=1e-5):
    v = x.astype(float) - x.astype(float).mean(axis=0)
    y = v.T @ v / len(v) + eps * np.eye(v.shape[1])
    w = np.eye(len(y))
    for _ in range(60):
        y, w = (y + np.linalg.inv(w)) / 2, (w + np.linalg.inv(y)) / 2
    return (v @ (w + w.T) / 2).astype(x.dtype if x.dtype.kind == "f" else float)
""",
    },
}
