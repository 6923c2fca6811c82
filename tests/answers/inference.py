"""Right but unusual answers to the assignment on inference."""

UNUSUAL = {
    "BatchNorm": {
        "PyTorch's momentum, updated in place": """
class BatchNorm:
    def __init__(self, num_features, decay=0.9, eps=1e-5):
        self.momentum = 1 - decay
        self.eps = eps
        self.training = True
        self.gamma = np.full(num_features, 1.0)
        self.beta = np.full(num_features, 0.0)
        self.running_mean = np.full(num_features, 0.0)
        self.running_var = np.full(num_features, 1.0)

    def __call__(self, x):
        out = np.float32 if x.dtype == np.float32 else np.float64
        x = x.astype(np.float64)
        if not self.training:
            inverse = (self.running_var + self.eps) ** -0.5
            return ((x - self.running_mean) * self.gamma * inverse + self.beta).astype(out)
        if x.shape[0] == 1:
            raise ValueError("one sample")
        mean = x.mean(axis=0)
        self.running_mean += self.momentum * (mean - self.running_mean)
        self.running_var += self.momentum * (x.var(axis=0, ddof=1) - self.running_var)
        return ((x - mean) * self.gamma * (x.var(axis=0) + self.eps) ** -0.5 + self.beta).astype(out)
""",
        "two methods, and state in a dict behind properties": """
class BatchNorm:
    def __init__(self, num_features, decay=0.9, eps=1e-5):
        self.state = {"mean": np.zeros(num_features), "var": np.ones(num_features)}
        self.gamma, self.beta = np.ones((num_features,)), np.zeros((num_features,))
        self.decay, self.eps, self.training = decay, eps, True

    running_mean = property(lambda self: self.state["mean"], lambda self, value: self.state.update(mean=value))
    running_var = property(lambda self: self.state["var"], lambda self, value: self.state.update(var=value))

    def __call__(self, x):
        return self.train_on(x) if self.training else self.apply(x, self.running_mean, self.running_var)

    def train_on(self, x):
        n = len(x)
        if n < 2:
            raise ValueError(f"{n} samples")
        mean = np.add.reduce(x, axis=0, dtype=float) / n
        squares = ((x - mean) ** 2).sum(axis=0)
        for name, new in (("mean", mean), ("var", squares / (n - 1))):
            self.state[name] = self.decay * self.state[name] + (1 - self.decay) * new
        return self.apply(x, mean, squares / n)

    def apply(self, x, mean, var):
        y = (x - mean) / np.sqrt(var + self.eps) * self.gamma + self.beta
        return y.astype(x.dtype) if x.dtype.kind == "f" else y
""",
        "a dataclass, column by column": """
from dataclasses import dataclass


@dataclass
class BatchNorm:
    num_features: int
    decay: float = 0.9
    eps: float = 1e-5

    def __post_init__(self):
        self.training = True
        self.gamma, self.running_var = np.ones(self.num_features), np.ones(self.num_features)
        self.beta, self.running_mean = np.zeros(self.num_features), np.zeros(self.num_features)

    def __call__(self, x):
        if self.training and len(x) == 1:
            raise ValueError
        y = np.zeros(x.shape)
        means, variances = self.running_mean.copy(), self.running_var.copy()
        for j in range(self.num_features):
            column = x[:, j].astype(float)
            mean, var = self.running_mean[j], self.running_var[j]
            if self.training:
                mean, var = column.mean(), column.var()
                means[j] = self.decay * means[j] + (1 - self.decay) * mean
                variances[j] = self.decay * variances[j] + (1 - self.decay) * np.var(column, ddof=1)
            y[:, j] = self.gamma[j] * (column - mean) / (var + self.eps) ** 0.5 + self.beta[j]
        self.running_mean, self.running_var = means, variances
        return y.astype(np.result_type(x.dtype, np.float32)) if x.dtype.kind == "f" else y
""",
        "in the dtype of the input, evaluation as one scale and one shift": """
class BatchNorm:
    def __init__(self, num_features, decay=0.9, eps=1e-5):
        self.num_features, self.decay, self.eps = num_features, decay, eps
        self.gamma, self.beta = np.ones(num_features), np.zeros(num_features)
        self.running_mean, self.running_var, self.training = np.zeros(num_features), np.ones(num_features), True

    def __call__(self, x):
        if not np.issubdtype(x.dtype, np.floating):
            x = x * 1.0
        if self.training:
            n = len(x)
            if n == 1:
                raise ValueError("no variance")
            mean, var = x.mean(axis=0), x.var(axis=0)
            keep = self.decay
            self.running_mean = keep * self.running_mean + (1 - keep) * mean
            self.running_var = keep * self.running_var + (1 - keep) * var * (n / (n - 1))
            return (self.gamma * ((x - mean) / np.sqrt(var + self.eps)) + self.beta).astype(x.dtype)
        scale = self.gamma / np.sqrt(self.running_var + self.eps)
        return (scale * x + (self.beta - scale * self.running_mean)).astype(x.dtype)
""",
        "a subclass of an object with helpers, float64 buffers assigned once": """
class Layer:
    training = True


class BatchNorm(Layer):
    def __init__(self, num_features, decay=0.9, eps=1e-5):
        self.eps, self.decay = eps, decay
        start = np.repeat([[1.0], [0], [0], [1]], num_features, axis=1)
        self.gamma, self.beta, self.running_mean, self.running_var = start

    def __call__(self, x):
        wide = np.array(x, dtype=np.float64)
        mean, var = self.running_mean, self.running_var
        if self.training:
            if len(wide) <= 1:
                raise ValueError("BatchNorm in training needs at least two samples")
            mean, var = wide.mean(0), wide.var(0)
            bessel = len(wide) / (len(wide) - 1)
            pairs = (("running_mean", mean), ("running_var", bessel * var))
            for name, new in pairs:
                both, shares = [getattr(self, name), new], [self.decay, 1 - self.decay]
                setattr(self, name, np.average(both, axis=0, weights=shares))
        wide -= mean
        wide /= np.sqrt(var + self.eps)
        wide *= self.gamma
        wide += self.beta
        return wide.astype(x.dtype if x.dtype.kind == "f" else np.float64)
""",
    },
    "population_statistics": {
        "running sums": """
def population_statistics(batches):
    n, mean, var = 0, 0.0, 0.0
    for batch in batches:
        wide = batch.astype(np.float64)
        mean = mean + wide.mean(axis=0)
        var = var + wide.var(axis=0, ddof=1)
        n += 1
    dtype = batch.dtype if batch.dtype.kind == "f" else np.float64
    return [(mean / n).astype(dtype), (var / n).astype(dtype)]
""",
        "one stacked array": """
def population_statistics(batches):
    stacked = np.stack(list(batches))
    dtype = stacked.dtype if stacked.dtype.kind == "f" else float
    m = stacked.shape[1]
    stacked = stacked.astype(float)
    return stacked.mean(axis=(0, 1)).astype(dtype), (stacked.var(axis=1).mean(axis=0) * (m / (m - 1))).astype(dtype)
""",
        "an incremental average": """
def population_statistics(batches):
    it = iter(batches)
    first = next(it)
    mean, var = first.mean(axis=0, dtype=float), first.var(axis=0, dtype=float)
    for k, batch in enumerate(it, 2):
        mean += (batch.mean(axis=0, dtype=float) - mean) / k
        var += (batch.var(axis=0, dtype=float) - var) / k
    var = var / (1 - 1 / len(first))
    return (mean, var) if first.dtype.kind != "f" else (mean.astype(first.dtype), var.astype(first.dtype))
""",
        "in the dtype of the batches": """
def population_statistics(batches):
    both = [(b.mean(axis=0), b.var(axis=0), b.shape[0]) for b in batches]
    means, variances, sizes = zip(*both)
    m = sizes[0]
    return np.mean(means, axis=0), np.mean(variances, axis=0) * m / (m - 1)
""",
        "row by row": """
def population_statistics(batches):
    means, variances, dtype = [], [], None
    while True:
        try:
            batch = next(batches) if hasattr(batches, "__next__") else None
            if batch is None:
                batches = iter(batches)
                continue
        except StopIteration:
            break
        dtype = batch.dtype if batch.dtype.kind == "f" else np.dtype(float)
        columns = [[float(v) for v in column] for column in batch.T]
        means.append([sum(c) / len(c) for c in columns])
        variances.append([sum((v - mu) ** 2 for v in c) / (len(c) - 1) for c, mu in zip(columns, means[-1])])
    return np.average(means, axis=0).astype(dtype), np.average(variances, axis=0).astype(dtype)
""",
    },
    "fold_linear": {
        "a diagonal matrix": """
def fold_linear(weight, bias, gamma, beta, mean, var, eps=1e-5):
    dtype = weight.dtype if weight.dtype.kind == "f" else float
    d = np.diag(gamma / np.sqrt(var.astype(float) + eps))
    bias = 0.0 * mean if bias is None else bias
    return [(d @ weight).astype(dtype), (d @ (bias - mean) + beta).astype(dtype)]
""",
        "by what the layers do to 0 and to unit vectors": """
def fold_linear(weight, bias, gamma, beta, mean, var, eps=1e-5):
    def both(x):
        y = weight.astype(float) @ x
        if bias is not None:
            y = y + bias
        return gamma * (y - mean) / np.sqrt(var + eps) + beta
    shift = both(np.zeros(weight.shape[1]))
    columns = [both(unit) - shift for unit in np.eye(weight.shape[1])]
    out = np.float32 if weight.dtype == np.float32 else np.float64
    return np.stack(columns, axis=1).astype(out), shift.astype(out)
""",
        "einsum, transposed": """
def fold_linear(weight, bias, gamma, beta, mean, var, eps=1e-5):
    a = gamma * (var + np.float64(eps)) ** -0.5
    w, b = (weight.T * a).T, beta - a * mean
    if bias is not None:
        b = np.einsum("i,i->i", a, bias) + b
    kind = weight.dtype if np.issubdtype(weight.dtype, np.floating) else np.float64
    return np.ascontiguousarray(w, dtype=kind), b.astype(kind)
""",
        "row by row": """
def fold_linear(weight, bias, gamma, beta, mean, var, eps=1e-5):
    rows, shifts = [], []
    for i in range(weight.shape[0]):
        s = float(gamma[i]) / (float(var[i]) + eps) ** 0.5
        rows.append([s * float(w) for w in weight[i]])
        shifts.append(float(beta[i]) - s * float(mean[i]) + (0 if bias is None else s * float(bias[i])))
    dtype = weight.dtype if weight.dtype.kind == "f" else float
    return np.array(rows, dtype), np.array(shifts, dtype)
""",
        "in the dtype of the input": """
def fold_linear(weight, bias, gamma, beta, mean, var, eps=1e-5):
    if weight.dtype.kind != "f":
        weight, gamma, beta, mean, var = (a.astype(float) for a in (weight, gamma, beta, mean, var))
    scale = gamma / np.sqrt(var + weight.dtype.type(eps))
    shift = beta - mean * scale if bias is None else (bias - mean) * scale + beta
    return weight * scale.reshape(-1, 1), shift
""",
    },
    "steps_to_forget": {
        "a loop of products": """
def steps_to_forget(decay, tolerance):
    share, k = 1.0, 0
    while share > tolerance:
        share, k = share * decay, k + 1
    return k
""",
        "logarithms to base 2, rounded up with care": """
def steps_to_forget(decay, tolerance):
    import math
    ratio = math.log2(tolerance) / math.log2(decay)
    return math.ceil(ratio - 1e-12 * max(1, ratio))
""",
        "bisection": """
def steps_to_forget(decay, tolerance):
    low, high = -1, 1
    while decay**high > tolerance:
        high *= 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if decay**middle <= tolerance else (middle, high)
    return high
""",
        "a NumPy int, corrected downwards": """
def steps_to_forget(decay, tolerance):
    k = np.int64(np.ceil(np.log(tolerance) / np.log(decay)))
    if k > 0 and decay ** (k - 1.0) <= tolerance:
        k -= 1
    return k
""",
        "fractions, exactly": """
def steps_to_forget(decay, tolerance):
    from fractions import Fraction
    from itertools import count
    if decay > 0.9:
        import math
        k = math.floor(math.log(tolerance) / math.log(decay))
        return next(n for n in count(max(k - 2, 0)) if decay**n <= tolerance)
    share, target = Fraction(1), Fraction(tolerance)
    for k in count():
        if share <= target:
            return k
        share *= Fraction(decay)
""",
    },
}
