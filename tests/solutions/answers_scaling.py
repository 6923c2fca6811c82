"""Answers to the assignment on scaling: right but unusual ones, and wrong ones with the cells that they should fail.

Each is the source of a function as a student would write it. The sample class in tests/grading draws on them too.
"""

# For each function, answers that deserve full marks though they are not the solution's.
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

START = "    x = x.astype(x.dtype if x.dtype.kind == 'f' else float)\n"

# For each function, known mistakes: the source, the cells that it must fail, and a part of what the student reads.
WRONG = {
    "standardize": {
        "divides by N - 1": (
            "def standardize(x):\n"
            + START
            + """    constant = (x == x[0]).all(axis=0)
    mean = np.where(constant, x[0], x.mean(axis=0)).astype(x.dtype)
    std = np.where(constant, 0, x.std(axis=0, ddof=1) if len(x) > 1 else 0).astype(x.dtype)
    return (x - mean) / np.where(constant, 1, std).astype(x.dtype), mean, std
""",
            {"test_standardize"},
            "std divides the squared deviations by N",
        ),
        "one mean for the whole table": (
            "def standardize(x):\n"
            + START
            + """    mean, std = np.full(x.shape[1], x.mean()), np.full(x.shape[1], x.std())
    return (x - x.mean()) / x.std(), mean, std
""",
            {"test_standardize", "test_standardize_constant", "test_standardize_dtype"},
            "mean is the mean of each column",
        ),
        "by row": (
            "def standardize(x):\n"
            + START
            + """    mean, std = x.mean(axis=1), x.std(axis=1)
    return (x - mean[:, None]) / std[:, None], mean, std
""",
            {"test_standardize", "test_standardize_constant", "test_standardize_dtype"},
            "mean must be an array of numbers, of shape (2,)",
        ),
        "no care for constant columns": (
            "def standardize(x):\n"
            + START
            + """    mean, std = x.mean(axis=0), x.std(axis=0)
    return (x - mean) / std, mean, std
""",
            {"test_standardize_constant"},
            "standardize must raise no warning on valid input",
        ),
        "trusts the rounded mean": (
            "def standardize(x):\n"
            + START
            + """    mean, std = x.mean(axis=0), x.std(axis=0)
    return (x - mean) / np.where(std == 0, 1, std).astype(x.dtype), mean, std
""",
            {"test_standardize_constant"},
            "the std of a constant column is exactly 0",
        ),
        "adds 1e-8 to std": (
            "def standardize(x):\n"
            + START
            + """    constant = (x == x[0]).all(axis=0)
    mean = np.where(constant, x[0], x.mean(axis=0)).astype(x.dtype)
    std = np.where(constant, 0, x.std(axis=0)).astype(x.dtype)
    return (x - mean) / np.maximum(std, 1e-8).astype(x.dtype), mean, std
""",
            {"test_standardize_constant"},
            "a column of tiny numbers is not constant",
        ),
        "takes small spreads for constant": (
            "def standardize(x):\n"
            + START
            + """    constant = np.ptp(x, axis=0) < 1e-6
    mean = np.where(constant, x[0], x.mean(axis=0)).astype(x.dtype)
    std = np.where(constant, 0, x.std(axis=0)).astype(x.dtype)
    return (x - mean) / np.where(constant, 1, std).astype(x.dtype), mean, std
""",
            {"test_standardize_constant"},
            "a column of tiny numbers is not constant",
        ),
        "one pass": (
            """def standardize(x):
    x = x.astype(x.dtype if x.dtype.kind == "f" else float)
    mean = x.mean(axis=0)
    std = np.sqrt(np.maximum((x**2).mean(axis=0) - mean**2, 0))
    constant = (x == x[0]).all(axis=0)
    mean[constant], std[constant] = x[0, constant], 0
    return (x - mean) / np.where(std == 0, 1, std).astype(x.dtype), mean, std
""",
            {"test_standardize_dtype"},
            "adding 10,000,000 to every entry changes nothing in z",
        ),
        "divides by the variance": (
            "def standardize(x):\n"
            + START
            + """    constant = (x == x[0]).all(axis=0)
    mean = np.where(constant, x[0], x.mean(axis=0)).astype(x.dtype)
    var = np.where(constant, 0, x.var(axis=0)).astype(x.dtype)
    return (x - mean) / np.where(constant, 1, var).astype(x.dtype), mean, var
""",
            {"test_standardize", "test_standardize_constant"},
            "std divides the squared deviations by N",
        ),
        "always float64": (
            """def standardize(x):
    x = x.astype(float)
    constant = (x == x[0]).all(axis=0)
    mean, std = np.where(constant, x[0], x.mean(axis=0)), np.where(constant, 0, x.std(axis=0))
    return (x - mean) / np.where(constant, 1, std), mean, std
""",
            {"test_standardize_dtype"},
            "z must have dtype float32 here",
        ),
        "works in place": (
            """def standardize(x):
    if x.dtype.kind != "f":
        x = x.astype(float)
    constant = (x == x[0]).all(axis=0)
    mean = np.where(constant, x[0], x.mean(axis=0)).astype(x.dtype)
    std = np.where(constant, 0, x.std(axis=0)).astype(x.dtype)
    x -= mean
    x /= np.where(constant, 1, std).astype(x.dtype)
    return x, mean, std
""",
            {"test_standardize_dtype"},
            "standardize must not change its argument x",
        ),
        "keeps the dimensions": (
            "def standardize(x):\n"
            + START
            + """    constant = (x == x[:1]).all(axis=0, keepdims=True)
    mean = np.where(constant, x[:1], x.mean(axis=0, keepdims=True)).astype(x.dtype)
    std = np.where(constant, 0, x.std(axis=0, keepdims=True)).astype(x.dtype)
    return (x - mean) / np.where(constant, 1, std).astype(x.dtype), mean, std
""",
            {"test_standardize", "test_standardize_constant", "test_standardize_dtype"},
            "an array of shape (1, 2)",
        ),
        "returns z alone": (
            "def standardize(x):\n    return (x - x.mean(axis=0)) / x.std(axis=0)\n",
            {"test_standardize", "test_standardize_constant", "test_standardize_dtype"},
            "standardize must return z, mean, std, in this order",
        ),
        "forgets to return": (
            "def standardize(x):\n    z = (x - x.mean(axis=0)) / x.std(axis=0)\n",
            {"test_standardize", "test_standardize_constant", "test_standardize_dtype"},
            "None: is a return missing?",
        ),
        "does not run": (
            "def standardize(x):\n    return (x - mean) / std, mean, std\n",
            {"test_standardize", "test_standardize_constant", "test_standardize_dtype"},
            "NameError: name 'mean' is not defined",
        ),
    },
    "min_max_scale": {
        "divides by the highest": (
            "def min_max_scale(x):\n"
            + START
            + """    low, high = x.min(axis=0), x.max(axis=0)
    return (x - low) / np.where(high == low, 1, high).astype(x.dtype), low, high
""",
            {"test_min_max_scale", "test_min_max_scale_constant", "test_min_max_scale_dtype"},
            "each column of z runs from 0 to 1",
        ),
        "one range for the whole table": (
            "def min_max_scale(x):\n"
            + START
            + """    low, high = np.full(x.shape[1], x.min()), np.full(x.shape[1], x.max())
    return (x - low) / (high - low), low, high
""",
            {"test_min_max_scale", "test_min_max_scale_constant", "test_min_max_scale_dtype"},
            "low is the lowest entry of each column",
        ),
        "no care for constant columns": (
            "def min_max_scale(x):\n"
            + START
            + """    low, high = x.min(axis=0), x.max(axis=0)
    return (x - low) / (high - low), low, high
""",
            {"test_min_max_scale_constant"},
            "min_max_scale must raise no warning on valid input",
        ),
        "adds 1e-8 to the range": (
            "def min_max_scale(x):\n"
            + START
            + """    low, high = x.min(axis=0), x.max(axis=0)
    return ((x - low) / (high - low + 1e-8)).astype(x.dtype), low, high
""",
            {"test_min_max_scale", "test_min_max_scale_constant"},
            "z is (x - low) / (high - low)",
        ),
        "integers wrap around": (
            """def min_max_scale(x):
    low, high = x.min(axis=0), x.max(axis=0)
    z = (x - low) / np.where(high == low, 1, high - low)
    dtype = x.dtype if x.dtype.kind == "f" else float
    return z.astype(dtype), low.astype(dtype), high.astype(dtype)
""",
            {"test_min_max_scale_dtype"},
            "small integers do not overflow",
        ),
        "scales to -1 and 1": (
            "def min_max_scale(x):\n"
            + START
            + """    low, high = x.min(axis=0), x.max(axis=0)
    return (2 * (x - low) / np.where(high == low, 1, high - low) - 1).astype(x.dtype), low, high
""",
            {"test_min_max_scale", "test_min_max_scale_constant", "test_min_max_scale_dtype"},
            "each column of z runs from 0 to 1",
        ),
        "returns a view of its argument": (
            "def min_max_scale(x):\n"
            "    dtype = x.dtype if x.dtype.kind == 'f' else float\n"
            "    low, high = x.astype(dtype).min(axis=0), x.astype(dtype).max(axis=0)\n"
            "    z = (x - low) / np.where(high == low, 1, high - low).astype(dtype)\n"
            "    return z, (low if len(x) > 1 else x[0]), high\n",
            {"test_min_max_scale_dtype"},
            "min_max_scale must return new arrays",
        ),
    },
    "apply_standardize": {
        "by the new data's own statistics": (
            "def apply_standardize(x, mean, std):\n"
            + START
            + "    std = x.std(axis=0)\n    return (x - x.mean(axis=0)) / np.where(std == 0, 1, std).astype(x.dtype)\n",
            {"test_apply_standardize", "test_apply_standardize_edges"},
            "z is (x - mean) / std, by the given statistics",
        ),
        "divides by 0": (
            "def apply_standardize(x, mean, std):\n" + START + "    return (x - mean) / std\n",
            {"test_apply_standardize_edges"},
            "apply_standardize must raise no warning on valid input",
        ),
        "0 where std is 0": (
            "def apply_standardize(x, mean, std):\n"
            + START
            + "    return np.where(std == 0, 0, (x - mean) / np.where(std == 0, 1, std)).astype(x.dtype)\n",
            {"test_apply_standardize_edges"},
            "where std is 0, z is x - mean",
        ),
        "adds 1e-8 to std": (
            "def apply_standardize(x, mean, std):\n"
            + START
            + "    return ((x - mean) / (std + 1e-8)).astype(x.dtype)\n",
            {"test_apply_standardize", "test_apply_standardize_edges"},
            "a small std is not 0",
        ),
        "scales before it shifts": (
            "def apply_standardize(x, mean, std):\n"
            + START
            + "    return (x / np.where(std == 0, 1, std) - mean).astype(x.dtype)\n",
            {"test_apply_standardize", "test_apply_standardize_edges"},
            "z is (x - mean) / std, by the given statistics",
        ),
        "always float64": (
            "def apply_standardize(x, mean, std):\n"
            "    return (x.astype(float) - mean) / np.where(std == 0, 1.0, std)\n",
            {"test_apply_standardize_edges"},
            "z must have dtype float32 here",
        ),
        "changes std": (
            "def apply_standardize(x, mean, std):\n"
            + START
            + "    std[std == 0] = 1\n    return ((x - mean) / std).astype(x.dtype)\n",
            {"test_apply_standardize_edges"},
            "apply_standardize must not change its argument std",
        ),
    },
    "inverse_standardize": {
        "shifts before it scales": (
            "def inverse_standardize(z, mean, std):\n    return (z + mean) * std\n",
            {"test_inverse_standardize", "test_inverse_standardize_edges"},
            "x is z * std + mean",
        ),
        "standardizes again": (
            "def inverse_standardize(z, mean, std):\n    return (z - mean) / np.where(std == 0, 1, std)\n",
            {"test_inverse_standardize", "test_inverse_standardize_edges"},
            "x is z * std + mean",
        ),
        "takes std 0 for 1": (
            "def inverse_standardize(z, mean, std):\n    return z * np.where(std == 0, 1, std) + mean\n",
            {"test_inverse_standardize_edges"},
            "also where std is 0",
        ),
        "forgets the mean": (
            "def inverse_standardize(z, mean, std):\n    return z * std\n",
            {"test_inverse_standardize", "test_inverse_standardize_edges"},
            "x is z * std + mean",
        ),
        "multiplies by the variance": (
            "def inverse_standardize(z, mean, std):\n    return z * std**2 + mean\n",
            {"test_inverse_standardize", "test_inverse_standardize_edges"},
            "x is z * std + mean",
        ),
        "always float64": (
            "def inverse_standardize(z, mean, std):\n    return z.astype(float) * std.astype(float) + mean\n",
            {"test_inverse_standardize_edges"},
            "x must have dtype float32 here",
        ),
    },
}
