"""Right but unusual answers to the assignment on batches."""

UNUSUAL = {
    "count_iterations": {
        "counts by range": """
def count_iterations(n_samples, batch_size, epochs, drop_last=False):
    for value in (n_samples, batch_size, epochs):
        if value < 1:
            raise ValueError(f"{value} is below 1")
    stop = n_samples - batch_size + 1 if drop_last else n_samples
    return sum(len(range(0, stop, batch_size)) for _ in range(epochs))
""",
        "minus of a floor of a minus": """
def count_iterations(n_samples, batch_size, epochs, drop_last=False):
    if not (n_samples >= 1 and batch_size >= 1 and epochs >= 1):
        raise ValueError
    return epochs * (n_samples // batch_size if drop_last else -(-n_samples // batch_size))
""",
        "NumPy's ceil and a NumPy integer": """
def count_iterations(n_samples, batch_size, epochs, drop_last=False):
    if np.any(np.array([n_samples, batch_size, epochs]) <= 0):
        raise ValueError("values must be positive")
    rounding = np.floor if drop_last else np.ceil
    return np.int64(rounding(n_samples / batch_size)) * epochs
""",
        "goes through the epochs, with an error of its own": """
class TooSmall(ValueError):
    pass


def count_iterations(n_samples, batch_size, epochs, drop_last=False):
    if min(n_samples, batch_size, epochs) <= 0:
        raise TooSmall()
    iterations = 0
    for epoch in range(epochs):
        left = n_samples
        while left >= batch_size:
            left -= batch_size
            iterations += 1
        if left > 0 and not drop_last:
            iterations += 1
    return iterations
""",
    },
    "iterate_minibatches": {
        "a list of copies": """
def iterate_minibatches(n_samples, batch_size, rng, drop_last=False):
    order = rng.permutation(n_samples)
    batches = [order[i : i + batch_size].copy() for i in range(0, n_samples, batch_size)]
    if drop_last and len(batches[-1]) < batch_size:
        batches.pop()
    return batches
""",
        "np.split at the multiples": """
def iterate_minibatches(n_samples, batch_size, rng, drop_last=False):
    order = rng.permutation(n_samples)
    parts = np.split(order, np.arange(batch_size, n_samples, batch_size))
    return tuple(part for part in parts if len(part) == batch_size or not drop_last)
""",
        "fills a batch sample by sample": """
def iterate_minibatches(n_samples, batch_size, rng, drop_last=False):
    batch = []
    for i in rng.permutation(n_samples):
        batch.append(i)
        if len(batch) == batch_size:
            yield np.array(batch)
            batch = []
    if batch and not drop_last:
        yield np.array(batch)
""",
        "an iterator class": """
class Epoch:
    def __init__(self, order, size, drop_last):
        self.order, self.size, self.drop_last = order, size, drop_last

    def __iter__(self):
        return self

    def __next__(self):
        batch, self.order = self.order[: self.size], self.order[self.size :]
        if len(batch) == 0 or (self.drop_last and len(batch) < self.size):
            raise StopIteration
        return batch


def iterate_minibatches(n_samples, batch_size, rng, drop_last=False):
    return Epoch(rng.permutation(n_samples), batch_size, drop_last)
""",
        "drawn at the call, small integers": """
def iterate_minibatches(n_samples, batch_size, rng, drop_last=False):
    order = rng.permutation(n_samples).astype(np.int32)
    count = n_samples // batch_size if drop_last else -(-n_samples // batch_size)
    return (order[k * batch_size : (k + 1) * batch_size] for k in range(count))
""",
    },
    "merge_statistics": {
        "Welford, row by row": """
def merge_statistics(batches):
    n = 0
    for batch in batches:
        for row in np.asarray(batch, dtype=np.float64):
            n += 1
            if n == 1:
                mean, m2 = row.copy(), np.zeros_like(row)
                continue
            delta = row - mean
            mean = mean + delta / n
            m2 = m2 + delta * (row - mean)
    return [mean, m2 / n]
""",
        "sums of what is left after the first row": """
def merge_statistics(batches):
    origin, n, s, q = None, 0, 0, 0
    for batch in batches:
        d = np.array(batch, float)
        origin = d[0].copy() if origin is None else origin
        d -= origin
        n, s, q = n + len(d), s + d.sum(0), q + np.einsum("ij,ij->j", d, d)
    return origin + s / n, np.maximum(q / n - (s / n) ** 2, 0)
""",
        "pairs of Chan, constants held apart": """
def merge_statistics(batches):
    total = None
    for batch in batches:
        x = batch.astype("f8")
        part = [len(x), x.mean(0), x.var(0) * len(x), x.min(0), x.max(0)]
        if total is None:
            total = part
            continue
        (a, mean_a, s_a, low_a, high_a), (b, mean_b, s_b, low_b, high_b) = total, part
        d = mean_b - mean_a
        total = [a + b, (a * mean_a + b * mean_b) / (a + b), s_a + s_b + d * d * (a * b / (a + b)),
                 np.minimum(low_a, low_b), np.maximum(high_a, high_b)]
    n, mean, s, low, high = total
    constant = low == high
    return np.where(constant, low, mean), np.where(constant, 0.0, s / n)
""",
        "column by column with Python's floats": """
import math


def merge_statistics(batches):
    n, first, sums, squares = 0, None, None, None
    for batch in batches:
        rows = batch.tolist()
        if first is None:
            first = [float(v) for v in rows[0]]
            sums, squares = [0.0] * len(first), [0.0] * len(first)
        for j in range(len(first)):
            d = [row[j] - first[j] for row in rows]
            sums[j] = math.fsum([sums[j], *d])
            squares[j] = math.fsum([squares[j], *(v * v for v in d)])
        n += len(rows)
    var = [q / n - (s / n) ** 2 for s, q in zip(sums, squares)]
    return np.array([f + s / n for f, s in zip(first, sums)]), np.array(var)
""",
        "exact fractions": """
from fractions import Fraction


def merge_statistics(batches):
    n = 0
    for batch in batches:
        rows = [[Fraction(float(v)) for v in row] for row in batch]
        for row in rows:
            n += 1
            if n == 1:
                s, q = [Fraction(0)] * len(row), [Fraction(0)] * len(row)
            s = [a + v for a, v in zip(s, row)]
            q = [a + v * v for a, v in zip(q, row)]
    return np.array([float(a / n) for a in s]), np.array([float(b / n - (a / n) ** 2) for a, b in zip(s, q)])
""",
    },
    "train_linear": {
        "float32 throughout, losses an array": """
def train_linear(x, y, lr, batch_size, epochs, rng):
    if x.dtype.kind != "f":
        x, y = x.astype(float), y.astype(float)
    w = np.zeros(x.shape[1], x.dtype)
    losses = np.empty((epochs, -(-len(x) // batch_size)))
    for i in range(epochs):
        order = rng.permutation(len(x))
        for j in range(losses.shape[1]):
            rows = order[j * batch_size : (j + 1) * batch_size]
            r = y[rows] - x[rows] @ w
            losses[i, j] = r @ r / len(r)
            w += x.dtype.type(lr) * (2 * x[rows].T @ r / x.dtype.type(len(r)))
    return w, losses.ravel()
""",
        "calls a loader of its own": """
def _epoch(n, size, rng):
    order = rng.permutation(n)
    while len(order):
        yield order[:size]
        order = order[size:]


def train_linear(x, y, lr, batch_size, epochs, rng):
    w, losses = np.zeros((x.shape[1], 1)), []
    for _ in range(epochs):
        for rows in _epoch(len(y), batch_size, rng):
            x_b, y_b = x[rows].astype(float), y[rows].astype(float)[:, None]
            losses.append(((x_b @ w - y_b) ** 2).mean())
            w = w - lr * 2 / len(rows) * (x_b.T @ (x_b @ w - y_b))
    return [w[:, 0].astype(x.dtype if x.dtype.kind == "f" else float), tuple(losses)]
""",
        "by moments of the batch": """
def train_linear(x, y, lr, batch_size, epochs, rng):
    dtype = np.result_type(x.dtype, np.float32) if x.dtype == np.float32 else np.float64
    a = np.column_stack([x, y]).astype(np.float64)
    w, losses = np.zeros(x.shape[1]), []
    for _ in range(epochs):
        order = rng.permutation(len(a))
        for start in range(0, len(a), batch_size):
            b = a[order[start : start + batch_size]]
            moments = b.T @ b / len(b)
            v = np.append(w, -1.0)
            losses.append(float(v @ moments @ v))
            w = w - 2 * lr * (moments @ v)[:-1]
    return w.astype(dtype), losses
""",
        "sample by sample, shuffled tables": """
def train_linear(x, y, lr, batch_size, epochs, rng):
    n, d = x.shape
    w, losses = [0.0] * d, []
    for _ in range(epochs):
        order = rng.permutation(n)
        rows, targets = x[order].tolist(), y[order].tolist()
        for start in range(0, n, batch_size):
            pairs = list(zip(rows[start : start + batch_size], targets[start : start + batch_size]))
            errors = [sum(a * b for a, b in zip(row, w)) - t for row, t in pairs]
            losses.append(sum(e * e for e in errors) / len(errors))
            grad = [2 * sum(e * row[j] for e, (row, _) in zip(errors, pairs)) / len(errors) for j in range(d)]
            w = [a - lr * g for a, g in zip(w, grad)]
    return np.array(w, dtype=x.dtype if x.dtype.kind == "f" else float), losses
""",
    },
}
