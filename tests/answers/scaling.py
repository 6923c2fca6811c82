"""Right but unusual answers to the assignment on scaling."""

UNUSUAL = {
    "standardize": {
        "column by column, a list for the tuple": """
def standardize(x):
    x = np.array(x, dtype=x.dtype if np.issubdtype(x.dtype, np.floating) else float)
    z, means, stds = np.zeros_like(x), [], []
    for j in range(x.shape[1]):
        column = x[:, j].astype(float)
        if column.min() == column.max():
            means.append(column[0]), stds.append(0.0)
            continue
        mean = sum(column) / len(column)
        std = (sum((column - mean) ** 2) / len(column)) ** 0.5
        z[:, j] = (column - mean) / std
        means.append(mean), stds.append(std)
    return [z, np.array(means, x.dtype), np.array(stds, x.dtype)]
""",
        "shifted by the first row": """
def standardize(x):
    dtype = x.dtype if x.dtype.kind == "f" else float
    first = x[0].astype(float)
    d = x - first
    shift = d.mean(axis=0)
    std = np.sqrt(np.einsum("ij,ij->j", d - shift, d - shift) / len(x))
    z = (d - shift) / np.where(std > 0, std, 1)
    return z.astype(dtype), (first + shift).astype(dtype), std.astype(dtype)
""",
        "Welford's algorithm": """
def standardize(x):
    values = x.astype(np.float64)
    mean, m2 = values[0].copy(), np.zeros(x.shape[1])
    for n, row in enumerate(values[1:], 2):
        delta = row - mean
        mean += delta / n
        m2 += delta * (row - mean)
    std = np.sqrt(m2 / len(values))
    z = np.divide(values - mean, std, out=np.zeros_like(values), where=std != 0)
    dtype = np.result_type(x.dtype, np.float16) if x.dtype.kind == "f" else np.float64
    return z.astype(dtype), mean.astype(dtype), std.astype(dtype)
""",
        "transposed, with ptp": """
def standardize(x):
    out = np.float32 if x.dtype == np.float32 else np.float64
    rows = np.ascontiguousarray(x.T, dtype=np.float64)
    flat = np.ptp(rows, axis=1) == 0
    mean, std = rows.mean(axis=1), np.sqrt(rows.var(axis=1))
    mean[flat], std[flat] = rows[flat, 0], 0
    z = rows - mean[:, None]
    z[~flat] /= std[~flat, None]
    return z.T.astype(out), mean.astype(out), std.astype(out)
""",
        "in the dtype of the input": """
def standardize(x):
    if not np.issubdtype(x.dtype, np.floating):
        x = x.astype(float)
    mean, std = x.mean(axis=0), x.std(axis=0)
    constant = (x == x[0]).all(axis=0)
    mean[constant] = x[0, constant]
    std[constant] = 0
    return (x - mean) / np.where(constant, 1, std).astype(x.dtype), mean, std
""",
    },
    "min_max_scale": {
        "np.interp by column": """
def min_max_scale(x):
    dtype = x.dtype if x.dtype.kind == "f" else np.float64
    low, high = np.amin(x, axis=0).astype(dtype), np.amax(x, axis=0).astype(dtype)
    z = np.zeros(x.shape, dtype)
    for j in range(x.shape[1]):
        if high[j] > low[j]:
            z[:, j] = np.interp(x[:, j], [low[j], high[j]], [0, 1])
    return z, low, high
""",
        "np.ptp and np.divide": """
def min_max_scale(x):
    x = x.astype(x.dtype if x.dtype.kind == "f" else float)
    low, span = x.min(axis=0), np.ptp(x, axis=0)
    return np.divide(x - low, span, out=np.zeros_like(x), where=span != 0), low, x.max(axis=0)
""",
        "sorted columns, a list": """
def min_max_scale(x):
    x = x + 0.0 if x.dtype.kind != "f" else x
    ordered = np.sort(x, axis=0)
    low, high = ordered[0].copy(), ordered[-1].copy()
    span = high - low
    span[span == 0] = 1
    return [(x - low) / span, low, high]
""",
        "a loop over columns": """
def min_max_scale(x):
    x = np.array(x, dtype=np.float64 if x.dtype.kind in "iu" else x.dtype)
    columns = []
    for c in x.T:
        width = max(c) - min(c)
        columns.append((c - min(c)) / width if width else c * 0)
    low = np.array([min(c) for c in x.T], x.dtype)
    high = np.array([max(c) for c in x.T], x.dtype)
    return np.stack(columns, axis=1).astype(x.dtype), low, high
""",
    },
    "apply_standardize": {
        "a copy of std with ones": """
def apply_standardize(x, mean, std):
    x = x if x.dtype.kind == "f" else x.astype(float)
    std = std.astype(x.dtype)
    std[std == 0] = 1
    return ((x - mean) / std).astype(x.dtype)
""",
        "np.divide where": """
def apply_standardize(x, mean, std):
    dtype = x.dtype if x.dtype.kind == "f" else np.float64
    d = np.subtract(x, mean, dtype=np.float64)
    return np.divide(d, std, out=d.copy(), where=np.broadcast_to(std != 0, d.shape)).astype(dtype)
""",
        "std plus a boolean": """
def apply_standardize(x, mean, std):
    z = (x.astype(float) - mean) / (std + (std == 0))
    return z.astype(x.dtype) if x.dtype.kind == "f" else z
""",
        "row by row": """
def apply_standardize(x, mean, std):
    rows = [[(v - m) / (s or 1) for v, m, s in zip(row, mean, std)] for row in x.tolist()]
    return np.array(rows, x.dtype if x.dtype.kind == "f" else float)
""",
    },
    "inverse_standardize": {
        "einsum": """
def inverse_standardize(z, mean, std):
    dtype = z.dtype if z.dtype.kind == "f" else float
    return (np.einsum("ij,j->ij", z.astype(float), std.astype(float)) + mean).astype(dtype)
""",
        "a diagonal matrix": """
def inverse_standardize(z, mean, std):
    x = z.astype(np.float64) @ np.diag(std.astype(np.float64)) + mean
    return x if z.dtype.kind != "f" else x.astype(z.dtype)
""",
        "in place on a copy": """
def inverse_standardize(z, mean, std):
    x = z.astype(z.dtype if z.dtype.kind == "f" else np.float64)
    x *= std
    x += mean
    return x
""",
        "mean + std * z": """
def inverse_standardize(z, mean, std):
    x = mean[None] + std[None] * z
    return x.astype(np.float64) if z.dtype.kind != "f" else x
""",
    },
}
