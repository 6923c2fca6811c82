"""Known mistakes in the assignment on batches."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake


def count_iterations(n_samples, batch_size, epochs, drop_last=False):
    if n_samples < 1 or batch_size < 1 or epochs < 1:
        raise ValueError("values below 1")
    full, left = divmod(n_samples, batch_size)
    if left and not drop_last:
        full += 1
    return full * epochs


def count_over_all_epochs(n_samples, batch_size, epochs, drop_last=False):
    if n_samples < 1 or batch_size < 1 or epochs < 1:
        raise ValueError("values below 1")
    full, left = divmod(n_samples * epochs, batch_size)
    return full + (1 if left and not drop_last else 0)


def runs(rng):
    size, batches, epochs = (int(k) for k in rng.integers(4, 9, 3))
    yield 4, 2, 1
    yield 4, 2, 3
    yield 3, 2, 1
    yield 5, 3, 1
    yield 10, 4, 3
    yield 3, 5, 2
    yield 10, 4, 3, True
    yield 3, 5, 2, True
    yield size * batches, size, epochs
    yield size * batches + 1, size, epochs
    yield size * batches - 1, size, epochs
    yield from ((0, 2, 1), (4, 0, 2), (4, 2, 0))
    yield from ((-4, 2, 1), (4, -2, 1), (4, 2, -1))


def iterate_minibatches(n_samples, batch_size, rng, drop_last=False):
    order = rng.permutation(n_samples)
    end = n_samples - n_samples % batch_size if drop_last else n_samples
    for start in range(0, end, batch_size):
        yield order[start : start + batch_size]


def an_epoch(function, what, n_samples, batch_size, seed, *drop_last):
    """The batches of an epoch, or what rng draws after it."""
    rng = np.random.default_rng(seed)
    batches = list(function(n_samples, batch_size, rng, *drop_last))
    return batches if what == "batches" else rng.integers(2**40)


def epochs_to_cut(rng):
    seed = int(rng.integers(10**6))
    for args in ((1, 1), (6, 6), (8, 4), (10, 4), (3, 5), (13, 4), (8, 4, True), (10, 4, True), (3, 5, True)):
        yield "batches", *args[:2], seed, *args[2:]
    yield "next draw", 6, 6, seed
    yield "next draw", 8, 4, seed


def merge_statistics(batches):
    n = 0
    for batch in batches:
        rows = batch.astype(float)
        if n == 0:
            first, mean, squares = rows[0].copy(), 0.0, 0.0
        rows = rows - first
        m, batch_mean, batch_var = len(rows), rows.mean(axis=0), rows.var(axis=0)
        delta = batch_mean - mean
        squares = squares + m * batch_var + delta**2 * n * m / (n + m)
        mean = mean + delta * m / (n + m)
        n = n + m
    return first + mean, squares / n


def merge_without_first_row(batches):
    n, mean, squares = 0, 0.0, 0.0
    for batch in batches:
        rows = batch.astype(float)
        m, delta = len(rows), rows.mean(axis=0) - mean
        squares = squares + m * rows.var(axis=0) + delta**2 * n * m / (n + m)
        mean = mean + delta * m / (n + m)
        n = n + m
    return mean, squares / n


def merge_sums(batches):
    n, total, squares = 0, 0.0, 0.0
    for batch in batches:
        rows = batch.astype(float)
        n, total, squares = n + len(rows), total + rows.sum(axis=0), squares + (rows**2).sum(axis=0)
    return total / n, squares / n - (total / n) ** 2


def merge_in_own_dtype(batches):
    n, mean, squares = 0, 0.0, 0.0
    for batch in batches:
        m, delta = len(batch), batch.mean(axis=0) - mean
        squares = squares + m * batch.var(axis=0) + delta**2 * n * m / (n + m)
        mean = mean + delta * m / (n + m)
        n = n + m
    return mean, squares / n


def merge_averages(batches):
    pairs = np.array([(batch.mean(axis=0, dtype=float), batch.var(axis=0, dtype=float)) for batch in batches])
    return pairs[:, 0].mean(axis=0), pairs[:, 1].mean(axis=0)


def merge_batches_as_equals(batches):
    pairs = np.array([(batch.mean(axis=0, dtype=float), batch.var(axis=0, dtype=float)) for batch in batches])
    return pairs[:, 0].mean(axis=0), pairs[:, 1].mean(axis=0) + pairs[:, 0].var(axis=0)


def merge_reading_twice(batches):
    n, total, squares = 0, 0.0, 0.0
    for batch in batches:
        n, total = n + len(batch), total + batch.astype(float).sum(axis=0)
    for batch in batches:
        squares = squares + ((batch.astype(float) - total / n) ** 2).sum(axis=0)
    return total / n, squares / n


def merged(function, batches, read="once"):
    """What comes of batches that can be read once, or as often as one likes."""
    return function(batch.copy() for batch in batches) if read == "once" else function(batches)


def merge_reading_twice_in_own_dtype(batches):
    n, total, squares = 0, 0.0, 0.0
    for batch in batches:
        n, total = n + len(batch), total + batch.sum(axis=0)
    for batch in batches:
        squares = squares + ((batch - total / n) ** 2).sum(axis=0)
    return total / n, squares / n


def merge_after_counting(batches):
    n = sum(len(batch) for batch in batches)
    mean = sum(batch.astype(float).sum(axis=0) for batch in batches) / n
    return mean, sum(((batch - mean) ** 2).sum(axis=0) for batch in batches) / n


def merge_all_entries(batches):
    rows = np.concatenate(list(batches)).astype(float)
    return rows.mean(), rows.var()


def tables_in_batches(rng):
    base = rng.permutation(40).astype(float)
    two = np.array([[0.0], [2.0]])
    yield ([two + rng.integers(9)],)
    yield [two + rng.integers(9)], "often"
    yield ([base[:1, None], base[1:2, None]],)
    yield ([base[:4].reshape(2, 2), base[4:8].reshape(2, 2)],)
    yield ([base[:6, None], base[6:8, None], base[8:9, None]],)
    yield ([base[9:12, None], base[12:13, None], base[13:17, None]],)
    yield ([base[:4].reshape(2, 2).astype(int), base[4:6].reshape(1, 2).astype(int)],)
    yield ([1e10 + two],)
    yield ([(2.0**25 + np.array([[0.0], [40.0], [40.0]])).astype(np.float32)],)
    yield ([np.full((3, 1), UNEVEN)],)


def train_linear(x, y, lr, batch_size, epochs, rng):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x, y = x.astype(float), y.astype(float)
    n, d = x.shape
    w, losses = np.zeros(d), []
    for _ in range(epochs):
        order = rng.permutation(n)
        for start in range(0, n, batch_size):
            batch = order[start : start + batch_size]
            error = x[batch] @ w - y[batch]
            losses.append(np.mean(error**2))
            w = w - lr * 2 / len(batch) * x[batch].T @ error
    return w.astype(dtype), losses


def trained(function, x, y, lr, batch_size, epochs, seed, what="results"):
    """What comes of training, or what rng draws after it."""
    rng = np.random.default_rng(seed)
    results = function(x, y, lr, batch_size, epochs, rng)
    return results if what == "results" else rng.integers(2**40)


def train_once_an_epoch(x, y, lr, batch_size, epochs, rng):
    w, losses = np.zeros(x.shape[1]), []
    for _ in range(epochs):
        losses.append(np.mean((x @ w - y) ** 2))
        w = w - lr * 2 / len(x) * x.T @ (x @ w - y)
    return w.astype(x.dtype if x.dtype.kind == "f" else float), losses


def trainings(rng):
    x, y, seed = rng.integers(-3, 4, (7, 2)) + 0.5, rng.integers(1, 5, 7) + 0.25, int(rng.integers(10**6))
    yield x[:1], y[:1], 0.01, 1, 1, seed
    yield x[:3], y[:3], 0.01, 3, 1, seed
    yield x[:3], y[:3], 0.01, 3, 4, seed
    yield x[:6], y[:6], 0.01, 2, 1, seed
    yield x[:6], y[:6], 0.01, 2, 3, seed
    yield x[:5], y[:5], 0.01, 3, 1, seed
    yield x[:3], y[:3], 0.01, 4, 1, seed
    yield x, y, 0.01, 3, 4, seed
    yield np.array([[12, -12], [24, 36]]), np.array([1, 2]), 0.25, 2, 1, seed  # w is whole after the one step
    yield x[:4].astype(np.float32), y[:4].astype(np.float32), 0.01, 4, 2, seed
    yield x[:6], y[:6], 0.01, 2, 1, seed, "next draw"


UNEVEN = 1e15 / 17  # the mean of three such numbers is another number

STEP = "w = w - lr * 2 / len(batch) * x[batch].T @ error"
VALUES = "n_samples < 1 or batch_size < 1 or epochs < 1"
CHECK = f"if {VALUES}"
DRAW, SLICE = "    order = rng.permutation(n_samples)\n", "order[start : start + batch_size]"
LENGTH = "min(batch_size, n_samples - start)"
LOOP = "    for _ in range(epochs):\n"
ORDER, LOSS = "        order = rng.permutation(n)\n", "            losses.append(np.mean(error**2))\n"

KNOWN = (
    Known(
        count_iterations,
        runs,
        (
            Mistake(
                "leaves out the short batch",
                (
                    {"if left and not drop_last:": "if False:"},
                    {
                        "if left and not drop_last:": "if False:",
                        "full * epochs": "int(n_samples / batch_size * epochs)",
                    },
                ),
                "You round down: the short last batch of an epoch is missing. It is an iteration too, unless "
                "drop_last is set.",
            ),
            Mistake(
                "ignores drop_last",
                {"if left and not drop_last:": "if left:"},
                "You count the short last batch also with drop_last=True.",
            ),
            Mistake(
                "drop_last the wrong way round",
                {"if left and not drop_last:": "if left and drop_last:"},
                "You leave the short batch out where drop_last is False, and count it where drop_last is True.",
            ),
            Mistake(
                "batches run over the end of an epoch",
                count_over_all_epochs,
                "You divide the samples of all epochs together by the batch size. Every epoch starts with a batch of "
                "its own, so round for one epoch first.",
            ),
            Mistake(
                "one batch too many",
                {"if left and not drop_last:": "if not drop_last:"},
                "You add a batch also where the batch size divides the number of samples. Nothing is left for it.",
            ),
            Mistake(
                "rounds to the nearest",
                {"if left and not drop_last:": "if 2 * left > batch_size and not drop_last:"},
                "You round to the nearest whole number. However few samples are left, they make one more batch.",
            ),
            Mistake("forgets the epochs", {"full * epochs": "full"}, "You count the iterations of a single epoch."),
            Mistake(
                "a float",
                ({"full * epochs": "float(full * epochs)"}, {"full * epochs": "n_samples / batch_size * epochs"}),
                "You return a float. A number of iterations is a whole number.",
            ),
            Mistake(
                "accepts values below 1",
                {CHECK: "if False"},
                "You accept numbers of samples, of epochs, or batch sizes below 1, which make no sense.",
            ),
            Mistake(
                "does not check all three",
                (
                    {VALUES: "batch_size < 1"},
                    {VALUES: "n_samples < 1 or batch_size < 1"},
                    {VALUES: "batch_size < 1 or epochs < 1"},
                    {VALUES: "n_samples < 1 or epochs < 1"},
                    {VALUES: "n_samples < 1"},
                    {VALUES: "epochs < 1"},
                ),
                "You do not check all three numbers. Each of them must be at least 1.",
            ),
            Mistake(
                "accepts 0",
                (
                    {VALUES: "n_samples < 0 or batch_size < 0 or epochs < 0"},
                    {VALUES: "n_samples < 0 or batch_size < 1 or epochs < 0"},
                ),
                "You refuse negative numbers, but 0 is below 1 too.",
            ),
            Mistake(
                "another error",
                (
                    {"raise ValueError": "raise AssertionError"},
                    {"raise ValueError": "raise Exception"},
                    {"raise ValueError": "raise TypeError"},
                ),
                "You raise an error for numbers below 1, but it is not a ValueError.",
            ),
            Mistake(
                "no error raised",
                (
                    {'raise ValueError("values below 1")': "return None"},
                    {'raise ValueError("values below 1")': "return ValueError"},
                    {"raise ValueError": "return ValueError"},
                    {'raise ValueError("values below 1")': 'return "ValueError"'},
                ),
                "For numbers below 1 you return something. The error has to be raised.",
            ),
            Mistake(
                "refuses a large batch size",
                {CHECK: f"{CHECK} or batch_size > n_samples"},
                "You refuse a batch size that is larger than the data set. It is valid: the one batch is short.",
            ),
        ),
    ),
    Known(
        iterate_minibatches,
        epochs_to_cut,
        (
            Mistake(
                "no shuffle",
                {"rng.permutation(n_samples)": "np.arange(n_samples)"},
                "You go through the samples in their own order. The order should be a random permutation.",
            ),
            Mistake(
                "drops the short batch always",
                {" if drop_last else n_samples": ""},
                "Your last batch is missing where it is short. Leave it out with drop_last=True alone.",
            ),
            Mistake(
                "ignores drop_last",
                {"n_samples - n_samples % batch_size if drop_last else n_samples": "n_samples"},
                "You yield the short last batch also with drop_last=True.",
            ),
            Mistake(
                "drops a full batch",
                {"n_samples - n_samples % batch_size if": "n_samples - (n_samples % batch_size or batch_size) if"},
                "With drop_last=True you leave out the last batch also where it is full.",
            ),
            Mistake(
                "every k-th sample",
                {
                    "range(0, end, batch_size)": "range(-(-end // batch_size))",
                    SLICE: "order[:end][start :: -(-end // batch_size)]",
                },
                "You take samples at equal distances from the permutation. A batch is a slice of consecutive entries.",
            ),
            Mistake(
                "batches of equal size",
                {
                    "range(0, end, batch_size)": "range(-(-end // batch_size))",
                    SLICE: "np.array_split(order[:end], -(-end // batch_size))[start]",
                },
                "You make the batches as equal in size as you can. All but the last have batch_size samples.",
            ),
            Mistake(
                "a permutation for each batch",
                (
                    {SLICE: "rng.permutation(n_samples)[start : start + batch_size]"},
                    {
                        DRAW: "",
                        SLICE: "rng.permutation(n_samples)[start : start + batch_size]",
                    },
                    {
                        DRAW: "",
                        SLICE: f"rng.permutation(n_samples)[:{LENGTH}]",
                    },
                    {
                        DRAW: "",
                        SLICE: f"rng.choice(n_samples, {LENGTH}, replace=False)",
                    },
                ),
                "You draw again for every batch, so some samples come twice in an epoch and some not at all.",
            ),
            Mistake(
                "with replacement",
                (
                    {"rng.permutation(n_samples)": "rng.integers(0, n_samples, n_samples)"},
                    {
                        DRAW: "",
                        SLICE: f"rng.integers(0, n_samples, {LENGTH})",
                    },
                ),
                "You draw the samples with replacement: some come twice in an epoch and some not at all.",
            ),
            Mistake(
                "rng not used",
                (
                    {DRAW: DRAW.replace("rng.", "__import__('copy').deepcopy(rng).")},
                    {"rng.permutation(n_samples)": "np.random.default_rng(0).permutation(n_samples)"},
                ),
                "You draw nothing from rng itself. A generator of your own, or the global one, makes another order.",
            ),
            Mistake(
                "draws more",
                (
                    {"rng.permutation(n_samples)": "rng.permutation(n_samples)\n    rng.permutation(n_samples)"},
                    {"order = rng": "rng.permutation(n_samples)\n    order = rng"},
                ),
                "You draw more from rng than one permutation of the samples.",
            ),
            Mistake(
                "lists",
                {SLICE: "order[start : start + batch_size].tolist()"},
                "Your batches are lists. A batch is an array of indices.",
            ),
            Mistake(
                "one index at a time",
                (
                    {f"yield {SLICE}": f"yield from {SLICE}"},
                    {
                        "end = n_samples - n_samples % batch_size if drop_last else n_samples": "end = n_samples",
                        f"yield {SLICE}": f"yield from {SLICE}",
                    },
                ),
                "You yield the indices one by one. A batch is an array of several.",
            ),
            Mistake(
                "an empty batch at the end",
                {"range(0, end, batch_size)": "range(0, end + 1, batch_size)"},
                "Where the batch size divides the number of samples, you yield one batch more, which is empty.",
            ),
            Mistake(
                "shuffles the batches alone",
                {
                    "rng.permutation(n_samples)": "np.arange(n_samples)",
                    "range(0, end, batch_size)": "rng.permutation(range(0, end, batch_size))",
                },
                "You shuffle the order of the batches, but the samples in a batch are always the same neighbours.",
            ),
            Mistake(
                "the first batch alone",
                {"yield order[start : start + batch_size]": "return [order[:batch_size]]\n    return []"},
                "You return in the first turn of the loop, so there is only one batch.",
            ),
        ),
        use=an_epoch,
    ),
    Known(
        merge_statistics,
        tables_in_batches,
        (
            Mistake(
                "averages means and variances",
                merge_averages,
                "You average the batches' means and variances. A batch counts by its number of rows, and the batches' "
                "means differ, which adds to the variance.",
            ),
            Mistake(
                "batches count the same",
                merge_batches_as_equals,
                "A batch of 2 rows counts with you as much as one of 6. It should count by its number of rows.",
            ),
            Mistake(
                "forgets the spread between batches",
                {" + delta**2 * n * m / (n + m)": ""},
                "You add up the deviations within the batches. That the batches' means differ from each other is "
                "missing from the variance.",
            ),
            Mistake(
                "the new mean too early",
                {"delta**2 * n": "(delta * n / (n + m)) ** 2 * n"},
                "The difference in your sum of squares is not that of the two means before the merge.",
            ),
            Mistake(
                "weights the wrong way round",
                {"mean + delta * m / (n + m)": "mean + delta * (n / (n + m) if n else 1)"},
                "Your new mean lies too near to the smaller group: the two numbers of rows have changed places.",
            ),
            Mistake(
                "the last batch alone",
                (
                    {"rows = batch": "n = 0\n        rows = batch"},
                    {
                        "mean = mean + delta * m / (n + m)": "mean, squares = batch_mean, m * batch_var",
                        "n = n + m": "n = m",
                    },
                ),
                "Only the last batch is left in your results.",
            ),
            Mistake(
                "divides by N - 1",
                ({"squares / n": "squares / max(n - 1, 1)"}, {"squares / n": "squares / (n - 1)"}),
                "You divide the sum of squares by N - 1. The biased variance divides it by N.",
            ),
            Mistake(
                "one pass",
                merge_sums,
                "Your variance is the mean of the squares less the square of the mean. Where the mean is large against "
                "the spread, two nearly equal numbers are subtracted, and the digits are gone.",
            ),
            Mistake(
                "trusts the rounded mean",
                merge_without_first_row,
                "The mean of equal numbers may be rounded, and then a constant column has a variance that is not 0.",
            ),
            Mistake(
                "sums in the batches' dtype",
                merge_in_own_dtype,
                "You compute in the dtype of the batches. In float32 the digits do not suffice: sums and results are "
                "float64.",
            ),
            Mistake(
                "gives float32",
                {
                    "return first + mean, squares / n": "dtype = batch.dtype if batch.dtype.kind == 'f' else float\n"
                    "    return (first + mean).astype(dtype), (squares / n).astype(dtype)"
                },
                "Your results have the dtype of the batches. Here they are float64 whatever comes in.",
            ),
            Mistake(
                "reads the batches twice",
                (merge_reading_twice, merge_reading_twice_in_own_dtype, merge_after_counting),
                "You go through the batches twice. A generator can be read once: the second time nothing comes.",
            ),
            Mistake(
                "one mean for all columns",
                merge_all_entries,
                "You take one mean and one variance of all entries together. Each column has its own.",
            ),
            Mistake(
                "the standard deviation",
                {"squares / n": "np.sqrt(squares / n)"},
                "You return the standard deviation. The second result is the variance, its square.",
            ),
            Mistake(
                "writes into the batches",
                {"batch.astype(float)": "np.asarray(batch, dtype=float)", "rows = rows - first": "rows -= first"},
                "You write into a batch: the caller's own rows are changed. Work on a new array.",
            ),
            Mistake(
                "keeps the dimensions",
                {"first + mean, squares / n": "(first + mean)[None], (squares / n)[None]"},
                "Your results have one row, shape (1, D). They should have shape (D,).",
            ),
            Mistake(
                "the mean alone",
                {"return first + mean, squares / n": "return first + mean"},
                "You return one array. There are two: mean and var.",
            ),
        ),
        use=merged,
    ),
    Known(
        train_linear,
        trainings,
        (
            Mistake(
                "half the gradient",
                {"lr * 2 / len(batch)": "lr / len(batch)"},
                "Your steps are half as long as they should be: the gradient of a squared error has a factor 2.",
            ),
            Mistake(
                "the gradient of the sum",
                {"lr * 2 / len(batch)": "lr * 2"},
                "You step along the gradient of the summed error. That of the mean is divided by the sample count.",
            ),
            Mistake(
                "divides by the batch size",
                {"lr * 2 / len(batch)": "lr * 2 / batch_size"},
                "You divide the gradient by batch_size. The last batch may be short, and then has fewer samples.",
            ),
            Mistake(
                "divides by all samples",
                {"lr * 2 / len(batch)": "lr * 2 / n"},
                "You divide a batch's gradient by the number of all samples, not by that of its own.",
            ),
            Mistake(
                "uphill",
                {"w = w - lr": "w = w + lr"},
                "Your steps go along the gradient and not against it: the loss goes up.",
            ),
            Mistake(
                "the loss after the step",
                {
                    LOSS: "",
                    STEP: f"{STEP}\n            losses.append(np.mean((x[batch] @ w - y[batch]) ** 2))",
                },
                "Your losses are those after each step. losses[0] belongs to w = 0.",
            ),
            Mistake(
                "the loss of the whole set",
                {"np.mean(error**2)": "np.mean((x @ w - y) ** 2)"},
                "Your losses are the errors on the whole set. Each should be the loss of its own batch.",
            ),
            Mistake(
                "half the loss",
                {"np.mean(error**2)": "np.mean(error**2) / 2"},
                "Your losses are half as large as the mean squared error.",
            ),
            Mistake(
                "the summed loss",
                {"np.mean(error**2)": "np.sum(error**2)"},
                "Your losses are sums of squared errors. They should be means.",
            ),
            Mistake(
                "one order for all epochs",
                {
                    "        order = rng.permutation(n)\n": "",
                    LOOP: f"    order = rng.permutation(n)\n{LOOP}",
                },
                "You shuffle once, before the first epoch. Each epoch has a new permutation.",
            ),
            Mistake(
                "no shuffle",
                {"rng.permutation(n)": "np.arange(n)"},
                "You go through the samples in their own order. Each epoch has a random permutation of them.",
            ),
            Mistake(
                "leaves out the short batch",
                {"range(0, n, batch_size)": "range(0, n - n % batch_size, batch_size)"},
                "You leave out the short last batch of each epoch.",
            ),
            Mistake(
                "rng not used",
                (
                    {LOOP: f"    rng = __import__('copy').deepcopy(rng)\n{LOOP}"},
                    {ORDER: ORDER.replace("rng.", "np.random.default_rng(0).")},
                ),
                "You draw nothing from rng itself. A generator of your own, or the global one, makes another order.",
            ),
            Mistake(
                "shuffles what is shuffled",
                {ORDER: f"{ORDER}        x, y, order = x[order], y[order], np.arange(n)\n"},
                "You shuffle again what the epoch before has shuffled. A permutation is for the rows as they came.",
            ),
            Mistake(
                "shuffles x without y",
                (
                    {"x[batch] @ w - y[batch]": "x[batch] @ w - y[start : start + batch_size]"},
                    {ORDER: f"{ORDER}        x, order = x[order], np.arange(n)\n"},
                ),
                "You bring the rows of x into another order and leave y as it is: a row meets another row's target.",
            ),
            Mistake(
                "one step an epoch",
                train_once_an_epoch,
                "You take one step an epoch, with all samples. There is a step for each batch of batch_size samples.",
            ),
            Mistake(
                "does not start at 0",
                (
                    {"np.zeros(d)": "np.ones(d)"},
                    {"np.zeros(d)": "rng.normal(size=d)"},
                    {"np.zeros(d)": "rng.standard_normal(d) * 0.01"},
                    {"np.zeros(d)": "rng.random(d)"},
                ),
                "Your w does not start at 0.",
            ),
            Mistake(
                "one loss an epoch",
                (
                    {
                        "order = rng.permutation(n)": "order, part = rng.permutation(n), []",
                        "losses.append(np.mean(error**2))": "part.append(np.mean(error**2))",
                        f"            {STEP}\n": f"            {STEP}\n        losses.append(np.mean(part))\n",
                    },
                    {
                        LOSS: "",
                        ORDER: f"{ORDER}        losses.append(np.mean((x @ w - y) ** 2))\n",
                    },
                    {
                        LOSS: "",
                        STEP: f"{STEP}\n        losses.append(np.mean((x @ w - y) ** 2))",
                    },
                ),
                "You keep one loss for each epoch. There is one for each step.",
            ),
            Mistake(
                "always float64",
                {'x.dtype if x.dtype.kind == "f" else float': "float"},
                "Your w is float64 whatever comes in. It has the dtype of x: float32 in, float32 out.",
            ),
            Mistake(
                "whole weights",
                (
                    {'x.dtype if x.dtype.kind == "f" else float': "x.dtype"},
                    {
                        'x.dtype if x.dtype.kind == "f" else float': "x.dtype",
                        "np.zeros(d), []": "np.zeros(d, dtype), []",
                        "w = w - lr": "w -= lr",
                    },
                ),
                "Your w has the integers' dtype and is cut off. Integers are taken as float64.",
            ),
            Mistake(
                "w alone",
                {"return w.astype(dtype), losses": "return w.astype(dtype)"},
                "You return w alone. The losses are missing.",
            ),
        ),
        use=trained,
    ),
)
