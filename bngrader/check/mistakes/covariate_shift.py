"""Known mistakes in the assignment on covariate shift."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake


def mean_shift(train, test):
    dtype = train.dtype if train.dtype.kind == "f" else float
    train, test = train.astype(float), test.astype(float)
    constant = (train == train[0]).all(axis=0)
    before = np.where(constant, train[0], train.mean(axis=0))
    after = np.where((test == test[0]).all(axis=0), test[0], test.mean(axis=0))
    moved = np.abs(after - before)
    std = np.where(constant, 0, train.std(axis=0))
    shift = moved / np.where(std == 0, 1, std)
    shift = np.where((std == 0) & (moved > 0), np.inf, shift)
    return shift.astype(dtype)


def domain_auc(train_scores, test_scores):
    ordered = np.sort(train_scores)
    below = np.searchsorted(ordered, test_scores, side="left")
    tied = np.searchsorted(ordered, test_scores, side="right") - below
    wins = np.sum(below + 0.5 * tied)
    n, m = len(train_scores), len(test_scores)
    return float(wins / (n * m))


def auc_in_pairs(train_scores, test_scores):
    return float(np.mean((test_scores > train_scores) + 0.5 * (test_scores == train_scores)))


def auc_in_short_pairs(train_scores, test_scores):
    return sum((b > a) + 0.5 * (b == a) for a, b in zip(train_scores, test_scores, strict=False)) / len(train_scores)


def auc_against_the_mean(train_scores, test_scores):
    return float(np.mean(test_scores > train_scores.mean()))


def importance_weights(p_test):
    dtype = p_test.dtype if p_test.dtype.kind == "f" else float
    p = p_test.astype(float)
    p = np.clip(p, 1e-6, 1 - 1e-6)
    odds = p / (1 - p)
    weights = odds / odds.mean()
    return weights.astype(dtype)


def realign(test, train_mean, train_std, eps=1e-5):
    dtype = test.dtype if test.dtype.kind == "f" else float
    test = test.astype(float)
    mean, var = test.mean(axis=0), test.var(axis=0)
    z = (test - mean) / np.sqrt(var + eps)
    x = z * train_std + train_mean
    return x.astype(dtype)


def frozen(*arrays):
    for array in arrays:
        array.flags.writeable = False
    return arrays


def pairs_of_tables(rng):
    train, test = np.array([[1.0], [3.0]]), np.array([[3.0], [6.0]])
    yield train + rng.integers(9), test + 9
    yield np.full((2, 1), 5.0), np.array([[6.0], [7.0]])
    yield np.full((2, 1), 5.0), np.array([[4.0], [6.0]])
    yield np.full((3, 1), 0.1), np.full((10, 1), 0.1)
    yield np.round(rng.normal(3, 2, (3, 2)), 1), np.round(rng.normal(0, 1, (4, 2)), 1)
    yield rng.normal(size=(5, 3)), rng.normal(1, 3, (2, 3))
    yield rng.normal(size=(4, 2)).astype(np.float32), rng.normal(3, 2, (3, 2)).astype(np.float32)
    yield rng.permutation(9)[:4].reshape(2, 2), rng.permutation(9)[:6].reshape(3, 2) + 5
    yield 1e-9 * (train + rng.integers(9)), 1e-9 * (test + 9)
    yield 1e7 + rng.integers(-15, 16, (50, 1)), 1e7 + rng.integers(0, 30, (40, 1))
    yield frozen(rng.normal(size=(8, 4))[::2, ::2], rng.normal(size=(6, 4))[::2, ::2])


def pairs_of_scores(rng):
    yield np.array([1.0, 2.0]), np.array([3.0, 4.0]) - 1.5
    yield np.array([5.0, 6.0, 8.0]), np.array([3.0, 5.5]) + rng.uniform(0, 0.4)
    yield np.array([4.0, 1.0, 2.0]), np.array([3.0, 5.0]) + rng.uniform(0, 0.9)
    yield np.array([1.0, 2.0]), np.array([2.0, 4.0])
    yield np.array([1.0, 1.0, 1.0, 3.0]), np.array([2.0, 2.5])
    yield np.array([1.0, 2.0, 3.0]), np.array([1.0 + 1e-9, 3.5])
    yield np.sort(rng.normal(size=6)), rng.normal(1, 1, 6)
    yield np.sort(rng.normal(size=5)), rng.normal(-1, 1, 9)
    yield np.array([-3, -1, 2]), np.array([-2, 0, 4, 5])
    yield frozen(rng.normal(size=9)[::2], rng.normal(size=8)[::2])


def probabilities(rng):
    yield (np.array([0.5, 0.8, 0.4]),)
    yield (rng.uniform(0.1, 0.9, 4),)
    yield (np.array([0.0, 0.0, 1e-5]),)
    yield (np.array([1.0, 1.0, 0.99999]),)
    yield (rng.uniform(0.2, 0.8, 3).astype(np.float32),)
    yield (np.array([1.0, 0.9999988], np.float32),)
    yield (np.array([0, 1, 1]),)
    yield frozen(rng.uniform(0.1, 0.9, 8)[::2])


def batches_with_statistics(rng):
    mean, std = np.array([5.0, -1.0]), np.array([2.0, 0.5])
    yield np.array([[0.0], [4.0]]) + rng.integers(9), mean[:1], std[:1]
    yield np.array([[0.0], [2.0]]), mean[:1], std[:1], 0.5
    yield np.full((3, 1), 7.0), mean[:1], std[:1]
    yield rng.normal(1, 3, (4, 2)), mean, std
    yield rng.normal(1, 3, (5, 2)), mean, std + 1, 1e-3
    yield 1e-3 * rng.normal(size=(4, 2)), mean, std
    yield np.array([[7.0, 3.0]]), mean, std
    yield tuple(a.astype(np.float32) for a in (rng.normal(1, 3, (4, 2)), mean, std))
    yield tuple(a.astype(int) for a in (rng.permutation(9)[:6].reshape(3, 2), mean, 2 * std))
    yield 1e7 + rng.integers(-15, 16, (50, 1)), mean[:1], std[:1]
    yield frozen(rng.normal(size=(8, 4))[::2, ::2], mean.copy(), std.copy())


ALWAYS_FLOAT64 = "Your result is float64 whatever comes in. float32 in, float32 out."
STAY_INTEGERS = "Your result has the dtype of whole numbers where whole numbers come in. Integers are taken as float64."
NOT_CLIPPED = {"    p = np.clip(p, 1e-6, 1 - 1e-6)\n": ""}
MEAN_SHIFT = (
    Mistake(
        "divides by N - 1",
        {"train.std(axis=0)": "train.std(axis=0, ddof=min(1, len(train) - 1))"},
        "Your std divides the sum of squares by N - 1. The biased standard deviation divides it by N.",
    ),
    Mistake(
        "the std of the test data",
        {"np.where(constant, 0, train.std(axis=0))": "test.std(axis=0)"},
        "You measure the shift in standard deviations of the test data. The unit is that of the training data.",
    ),
    Mistake(
        "the std of both tables",
        {"np.where(constant, 0, train.std(axis=0))": "np.vstack([train, test]).std(axis=0)"},
        "Your std is that of both tables together, so it grows with the shift itself. Take the training data's alone.",
    ),
    Mistake(
        "keeps the sign",
        {"np.abs(after - before)": "after - before"},
        "Your shift is negative where the mean fell. It is a distance: take its absolute value.",
    ),
    Mistake(
        "divides by the variance",
        {"train.std(axis=0)": "train.var(axis=0)"},
        "You divide by the variance. The standard deviation is its square root.",
    ),
    Mistake(
        "one mean for the whole table",
        {".mean(axis=0)": ".mean()", "train.std(axis=0)": "train.std()"},
        "You take one mean and one std of all entries together. Each column has its own.",
    ),
    Mistake(
        "no care for constant columns",
        {
            "constant = (train == train[0]).all(axis=0)": "constant = np.zeros(train.shape[1], bool)",
            "(test == test[0]).all(axis=0)": "constant",
            "moved / np.where(std == 0, 1, std)": "moved / std",
            "    shift = np.where((std == 0) & (moved > 0), np.inf, shift)\n": "",
        },
        "You divide by the std of a constant column, which is 0 or what rounding left of it.",
        loose=True,
    ),
    Mistake(
        "0 wherever std is 0",
        {"(moved > 0), np.inf": "(moved > 0), 0"},
        "You return 0 wherever std is 0. A mean that moves away from a constant column has moved infinitely far.",
    ),
    Mistake(
        "inf wherever std is 0",
        {"(std == 0) & (moved > 0)": "std == 0"},
        "You return inf wherever std is 0. Where the two means are equal too, nothing has moved.",
    ),
    Mistake(
        "trusts the rounded mean",
        {
            "constant = (train == train[0]).all(axis=0)": "constant = train.std(axis=0) == 0",
            "np.where(constant, train[0], train.mean(axis=0))": "train.mean(axis=0)",
            "np.where((test == test[0]).all(axis=0), test[0], test.mean(axis=0))": "test.mean(axis=0)",
        },
        "You trust the computed mean and std of a constant column. Rounding can leave a std that is nearly 0, and a "
        "mean that is nearly the column's value: compare the entries themselves.",
        loose=True,
    ),
    Mistake(
        "adds a small number to std",
        {
            "moved / np.where(std == 0, 1, std)": "moved / (std + 1e-8)",
            "    shift = np.where((std == 0) & (moved > 0), np.inf, shift)\n": "",
        },
        "You add a small number to std before you divide. A column whose spread is that small, or 0, comes out wrong: "
        "here nothing is added.",
        loose=True,
    ),
    Mistake(
        "one pass",
        {"train.std(axis=0)": "np.sqrt(np.maximum((train**2).mean(axis=0) - train.mean(axis=0) ** 2, 1e-9))"},
        "You compute the variance as the mean of squares minus the squared mean. Where the mean is large against the "
        "spread, the two nearly cancel, and rounding is what remains.",
        loose=True,
    ),
    Mistake("always float64", {".astype(dtype)": ""}, ALWAYS_FLOAT64),
    Mistake("integers stay integers", {'if train.dtype.kind == "f" else float': ""}, STAY_INTEGERS),
    Mistake(
        "changes its arguments",
        {"test.astype(float)": "test.astype(float, copy=False)\n    test -= train[0]\n    train -= train[0]"},
        "You write into an argument: the caller's own table is changed. Work on a new array.",
    ),
)
DOMAIN_AUC = (
    Mistake(
        "ties count nothing",
        {"0.5 * tied": "0 * tied"},
        "You count only pairs in which the test score is above. A pair with equal scores counts half.",
    ),
    Mistake(
        "ties count in full",
        {"0.5 * tied": "tied"},
        "You count a pair with equal scores as if the test score were above. It counts half.",
    ),
    Mistake(
        "the other way round",
        tuple(
            {"0.5 * tied": ties, "float(wins / (n * m))": "float(1 - wins / (n * m))"}
            for ties in ("0.5 * tied", "tied", "0 * tied")
        ),
        "You count how often the training score is above. The AUC counts how often the test score is.",
    ),
    Mistake(
        "never below a half",
        {"float(wins / (n * m))": "float(max(wins / (n * m), 1 - wins / (n * m)))"},
        "Your AUC is never below 0.5. Where the test scores are mostly the lower ones, it is.",
    ),
    Mistake(
        "the wrong number of pairs",
        {"(n * m)": "(n * n)"},
        "You divide by the square of one number of scores. There are n times m pairs, and n and m may differ.",
    ),
    Mistake(
        "only pairs at the same place",
        (auc_in_pairs, auc_in_short_pairs),
        "You compare each test score with the training score at the same place. Every test score is compared with "
        "every training score, and there may be more of one kind.",
    ),
    Mistake(
        "against the mean",
        auc_against_the_mean,
        "You compare the test scores with one number, the mean of the training scores, and not with each of them.",
    ),
    Mistake(
        "the whole rank sum",
        tuple(
            {"0.5 * tied": ties, "wins / (n * m)": "(wins + m * (m + 1) / 2) / (n * m)"}
            for ties in ("0.5 * tied", "tied", "0 * tied")
        ),
        "Your sum of ranks counts pairs of two test scores too. Take off what these add: m (m + 1) / 2.",
    ),
    Mistake(
        "ranks from 0",
        tuple(
            {"0.5 * tied": ties, "wins / (n * m)": "(wins - m) / (n * m)"}
            for ties in ("0.5 * tied", "tied", "0 * tied")
        ),
        "Your ranks start at 0. In the formula with m (m + 1) / 2 the lowest score has rank 1.",
    ),
    Mistake(
        "rounds the scores",
        {"ordered =": "train_scores, test_scores = np.round(train_scores, 6), np.round(test_scores, 6)\n    ordered ="},
        "You take scores for ties that are only close. Two scores tie if they are equal.",
    ),
    Mistake(
        "each score once",
        {"np.sort(train_scores)": "np.unique(train_scores)"},
        "You look the scores up among the different training scores. One that occurs three times counts three times.",
    ),
    Mistake(
        "does not sort",
        {"np.sort(train_scores)": "train_scores"},
        "You look the scores up in training scores that are not sorted. They come in any order.",
    ),
    Mistake(
        "sorts in place",
        {"ordered = np.sort(train_scores)": "ordered = train_scores\n    ordered.sort()"},
        "You sort an argument in place: the caller's own scores are in another order then. Sort a copy.",
    ),
)
IMPORTANCE_WEIGHTS = (
    Mistake(
        "upside down",
        ({"p / (1 - p)": "(1 - p) / p"}, {**NOT_CLIPPED, "p / (1 - p)": "(1 - p) / p"}),
        "Your odds are upside down: samples that look like the training data get the large weights.",
    ),
    Mistake(
        "not scaled",
        ({"odds / odds.mean()": "odds"}, {**NOT_CLIPPED, "odds / odds.mean()": "odds"}),
        "You return the odds as they are. They are scaled so that their mean is 1.",
    ),
    Mistake(
        "sum 1",
        ({"odds.mean()": "odds.sum()"}, {**NOT_CLIPPED, "odds.mean()": "odds.sum()"}),
        "Your weights have the sum 1. Their mean has to be 1.",
    ),
    Mistake(
        "highest 1",
        ({"odds.mean()": "odds.max()"}, {**NOT_CLIPPED, "odds.mean()": "odds.max()"}),
        "Your highest weight is 1. It is the mean that has to be 1.",
    ),
    Mistake(
        "not clipped",
        NOT_CLIPPED,
        "You do not clip the probabilities: one that is 1 divides by 0, and one that is 0 has no weight at all.",
    ),
    Mistake(
        "clipped below only",
        {"np.clip(p, 1e-6, 1 - 1e-6)": "np.maximum(p, 1e-6)"},
        "You clip low probabilities alone. One that is 1 divides by 0: clip at the upper end too.",
    ),
    Mistake(
        "clipped above only",
        {"np.clip(p, 1e-6, 1 - 1e-6)": "np.minimum(p, 1 - 1e-6)"},
        "You clip high probabilities alone. Clip at the lower end too.",
    ),
    Mistake(
        "other bounds",
        tuple(
            {"p_test.astype(float)": start, "1e-6, 1 - 1e-6": f"{eps}, 1 - {eps}"}
            for eps in (1e-3, 1e-2, 1e-4, 1e-5, 1e-7, 1e-8, 1e-9, 0.05, 0.1)
            for start in ("p_test.astype(float)", "p_test.astype(dtype)")
        ),
        "You clip to other bounds than 1e-6 and 1 - 1e-6.",
    ),
    Mistake(
        "adds a small number",
        tuple({**NOT_CLIPPED, "p / (1 - p)": f"p / (1 - p + {eps})"} for eps in (1e-6, 1e-8, 1e-7, 1e-9, 1e-10)),
        "You add a small number to 1 - p. Clip p instead: a p of 0 has no weight in yours, and one of 1 another.",
    ),
    Mistake(
        "not the odds",
        ({"p / (1 - p)": "p"}, {**NOT_CLIPPED, "p / (1 - p)": "p"}),
        "You scale the probabilities themselves. The weight of a sample is the odds, p against 1 - p.",
    ),
    Mistake(
        "one over 1 - p",
        ({"p / (1 - p)": "1 / (1 - p)"}, {**NOT_CLIPPED, "p / (1 - p)": "1 / (1 - p)"}),
        "You divide 1 by 1 - p. The odds have p above the line.",
    ),
    Mistake(
        "logarithm",
        ({"p / (1 - p)": "np.log(p / (1 - p))"}, {**NOT_CLIPPED, "p / (1 - p)": "np.log(p / (1 - p))"}),
        "You take the logarithm of the odds. The weights are the odds themselves, and never negative.",
    ),
    Mistake(
        "in float32",
        {"p_test.astype(float)": "p_test.astype(dtype)"},
        "You clip in float32, where 1 - 1e-6 is so coarse that the odds come out 1.3% too low. Clip and take the odds "
        "in float64, and return float32.",
    ),
    Mistake("always float64", {".astype(dtype)": ""}, ALWAYS_FLOAT64),
    Mistake("integers stay integers", {'if p_test.dtype.kind == "f" else float': ""}, STAY_INTEGERS),
    Mistake(
        "clips in place",
        {"astype(float)": "astype(float, copy=False)", "1 - 1e-6)": "1 - 1e-6, out=p)"},
        "You clip an argument in place: the caller's own probabilities are changed. Work on a new array.",
    ),
)
REALIGN = (
    Mistake(
        "divides by N - 1",
        {"test.var(axis=0)": "test.var(axis=0, ddof=min(1, len(test) - 1))"},
        "Your variance divides the sum of squares by N - 1. The biased variance divides it by N.",
    ),
    Mistake(
        "eps outside of the root",
        {"np.sqrt(var + eps)": "(np.sqrt(var) + eps)"},
        "You add eps to the standard deviation. It is added to the variance, inside the square root.",
    ),
    Mistake(
        "always the same eps",
        {"var + eps": "var + 1e-5"},
        "You take 1e-5 for eps whatever is passed. Use the argument.",
    ),
    Mistake(
        "no eps",
        ({"var + eps": "var"}, {"var + eps": "np.where(var == 0, 1, var)"}),
        "You leave out eps: a column that is constant in the batch divides 0 by 0.",
    ),
    Mistake(
        "eps as a lower bound",
        {"var + eps": "np.maximum(var, eps)"},
        "You take eps for a lower bound of the variance. It is added to it, always.",
    ),
    Mistake(
        "divides by the variance",
        {"np.sqrt(var + eps)": "(var + eps)"},
        "You divide by the variance. Take its square root, with eps inside.",
    ),
    Mistake(
        "the wrong way",
        (
            {
                "(test - mean) / np.sqrt(var + eps)": "(test - train_mean) / train_std",
                "z * train_std + train_mean": "z",
            },
            {
                "(test - mean) / np.sqrt(var + eps)": "(test - train_mean) / np.sqrt(train_std**2 + eps)",
                "z * train_std + train_mean": "z",
            },
            {
                "(test - mean) / np.sqrt(var + eps)": "(test - train_mean) / np.sqrt(train_std**2 + eps)",
                "z * train_std + train_mean": "z * np.sqrt(var) + mean",
            },
            {
                "(test - mean) / np.sqrt(var + eps)": "(test - train_mean) / train_std",
                "z * train_std + train_mean": "z * np.sqrt(var) + mean",
            },
            {"(test - mean) / np.sqrt(var + eps)": "(test - train_mean) / np.sqrt(var + eps)"},
        ),
        "You subtract the training mean. The batch loses its own mean first, and gets the training mean at the end.",
    ),
    Mistake(
        "forgets train_std",
        {"z * train_std + train_mean": "z + train_mean"},
        "Your result still has the standard deviation 1. Bring it to that of the training data.",
    ),
    Mistake(
        "forgets train_mean",
        {"z * train_std + train_mean": "z * train_std"},
        "Your result still has the mean 0. Bring it to that of the training data.",
    ),
    Mistake(
        "shifts before it scales",
        {"z * train_std + train_mean": "(z + train_mean) * train_std"},
        "You multiply the training mean by the training std as well. Scale first, and shift then.",
    ),
    Mistake(
        "eps twice",
        {"z * train_std": "z * np.sqrt(train_std**2 + eps)"},
        "You add eps to the training variance, too. It belongs to the variance of the batch alone.",
    ),
    Mistake(
        "by sample",
        {"(axis=0)": "(axis=1, keepdims=True)"},
        "You take the mean and the variance of each sample, a row. Each column has its own.",
    ),
    Mistake(
        "shifts only",
        {"z * train_std": "(test - mean)"},
        "You move the mean and leave the spread as it was. Standardize the batch first.",
    ),
    Mistake(
        "one mean for the whole table",
        {"test.mean(axis=0), test.var(axis=0)": "test.mean(), test.var()"},
        "You take one mean and one variance of all entries together. Each column has its own.",
    ),
    Mistake(
        "one pass",
        {"test.var(axis=0)": "np.maximum((test**2).mean(axis=0) - test.mean(axis=0) ** 2, 0)"},
        "You compute the variance as the mean of squares minus the squared mean. Where the mean is large against the "
        "spread, the two nearly cancel, and rounding is what remains.",
        loose=True,
    ),
    Mistake("always float64", {".astype(dtype)": ""}, ALWAYS_FLOAT64),
    Mistake("integers stay integers", {'if test.dtype.kind == "f" else float': ""}, STAY_INTEGERS),
    Mistake(
        "changes its argument",
        {"test.astype(float)": "test.astype(float, copy=False)", "(test - mean)": "np.subtract(test, mean, out=test)"},
        "You write into the argument test: the caller's own batch is changed. Work on a new array.",
    ),
)
KNOWN = (
    Known(mean_shift, pairs_of_tables, MEAN_SHIFT),
    Known(domain_auc, pairs_of_scores, DOMAIN_AUC),
    Known(importance_weights, probabilities, IMPORTANCE_WEIGHTS),
    Known(realign, batches_with_statistics, REALIGN),
)
