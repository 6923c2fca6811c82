"""Known mistakes in `zca_whiten`."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake
from bngrader.check.mistakes.common import (
    ALWAYS_FLOAT64,
    EPS_DEFAULT,
    EPS_IGNORED,
    INTEGERS,
    dtype_of,
    frozen,
    in_place,
)
from bngrader.check.mistakes.norm_types.shared import OTHER_EPS


def zca_whiten(x, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    centred = x - x.mean(axis=0)
    covariance = centred.T @ centred / len(x)
    values, vectors = np.linalg.eigh(covariance)
    z = centred @ vectors / np.sqrt(values + eps) @ vectors.T
    return z.astype(dtype)


def whiten_by_cholesky(x, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    centred = x - x.mean(axis=0)
    covariance = centred.T @ centred / len(x) + eps * np.eye(x.shape[1])
    z = centred @ np.linalg.inv(np.linalg.cholesky(covariance)).T
    return z.astype(dtype)


def whiten_by_svd(x, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    centred = x - x.mean(axis=0)
    left, s, _ = np.linalg.svd(centred, full_matrices=False)
    z = left * s / np.sqrt(s**2 / len(x) + eps)
    return z.astype(dtype)


def whiten_correlations(x, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    centred = (x - x.mean(axis=0)) / x.std(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(x))
    z = centred @ vectors / np.sqrt(values + eps) @ vectors.T
    return z.astype(dtype)


def tables(rng):
    mix = np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
    yield (np.array([[3.0, 1.0], [-3.0, -1.0], [1.0, 3.0], [-1.0, -3.0]]) * rng.uniform(1, 2) + 5,)
    yield (rng.normal(size=(12, 3)) @ mix,)
    yield (rng.normal(size=(12, 3)) @ mix + 5,)
    yield rng.normal(size=(12, 3)) @ mix, 0.7
    yield (1e-3 * rng.normal(size=(12, 3)) @ mix,)
    yield ((rng.normal(size=(12, 3)) @ mix).astype(np.float32),)
    yield (rng.integers(-9, 9, (12, 3)),)
    yield (1e10 + np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]]),)
    yield frozen(rng.normal(size=(12, 6))[:, ::2] @ mix)


EIGH = "values, vectors = np.linalg.eigh(covariance)"
ZCA = "centred @ vectors / np.sqrt(values + eps) @ vectors.T"

MISTAKES = (
    Mistake(
        "not turned back",
        (
            {" @ vectors.T": ""},
            {
                "eigh(covariance)": "eigh(covariance)\n    values, vectors = values[::-1], vectors[:, ::-1]",
                " @ vectors.T": "",
            },
            {
                EIGH: "vectors, values, _ = np.linalg.svd(covariance)",
                " @ vectors.T": "",
            },
            {
                EIGH: "values, vectors = np.linalg.eig(covariance)",
                " @ vectors.T": "",
            },
            whiten_by_svd,
        ),
        (
            "Your z is white, but rotated: it is the result of PCA whitening. ZCA whitening rotates it back, so that"
            " each column still belongs to its original feature."
        ),
    ),
    Mistake(
        "Cholesky",
        (
            whiten_by_cholesky,
            {
                "centred.T @ centred / len(x)": "centred.T @ centred / len(x) + eps * np.eye(x.shape[1])",
                ZCA: "centred @ np.linalg.cholesky(np.linalg.inv(covariance))",
            },
        ),
        (
            "Your z is white, but you used a triangular (Cholesky) square root. ZCA whitening uses the symmetric "
            "square root."
        ),
    ),
    Mistake(
        "whitens the correlations",
        (
            whiten_correlations,
            {"centred = x - x.mean(axis=0)": "centred = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)"},
        ),
        (
            "You standardize the columns before you compute the covariance. ZCA whitening uses the covariance of the"
            " centered table as it is."
        ),
    ),
    Mistake(
        "each feature alone",
        {"centred.T @ centred / len(x)": "np.diag(np.sum(centred**2, axis=0) / len(x))"},
        "You standardize each column by itself, so the features stay correlated. Whitening also has to remove the "
        "correlations.",
    ),
    Mistake(
        "not centred",
        {"x - x.mean(axis=0)": "x"},
        "You do not subtract the mean of each column, so your covariance also contains the distance of the mean from"
        " 0.",
    ),
    Mistake(
        "one mean for all",
        {"x.mean(axis=0)": "x.mean()"},
        "You subtract a single mean from the whole table. Each column needs its own mean.",
    ),
    Mistake(
        "whitens x itself",
        {"z = centred @": "z = x @"},
        ("You compute the covariance of the centered table, but then you transform the table that is not centered."),
    ),
    Mistake(
        "the samples' covariance",
        (
            {"centred.T @ centred / len(x)": "np.cov(x)"},
            {"centred.T @ centred / len(x)": "centred @ centred.T / len(x)"},
        ),
        (
            "Your covariance matrix has one row per sample. It should compare the features, so its shape should be "
            "(D, D)."
        ),
    ),
    Mistake(
        "the mean added back",
        {"/ np.sqrt(values + eps) @ vectors.T": "/ np.sqrt(values + eps) @ vectors.T + x.mean(axis=0)"},
        "You add the mean back at the end. The result should stay centered.",
    ),
    Mistake(
        "divides by N - 1",
        {"/ len(x)": "/ (len(x) - 1)"},
        "Your covariance divides by N - 1. The biased covariance divides by N.",
    ),
    Mistake(
        "forgets to divide by N",
        {"/ len(x)": ""},
        "Your covariance is a sum over the samples, because you do not divide it by N.",
    ),
    Mistake(
        "no root",
        {"np.sqrt(values + eps)": "(values + eps)"},
        "You divide by the eigenvalues themselves. An eigenvalue is a variance, so what plays the part of the "
        "standard deviation here?",
    ),
    Mistake(
        "multiplies by the root",
        {"/ np.sqrt(values + eps)": "* np.sqrt(values + eps)"},
        (
            "You multiply by the square roots of the eigenvalues. Whitening divides by them, so that every direction"
            " gets variance 1."
        ),
    ),
    Mistake(
        "rows of eigenvectors",
        {
            "values, vectors = np.linalg.eigh(covariance)": "values, vectors = np.linalg.eigh(covariance)\n"
            "    vectors = vectors.T"
        },
        "You use the rows of V as eigenvectors, but the eigenvectors are its columns.",
    ),
    Mistake(
        "eps outside the root",
        {"np.sqrt(values + eps)": "(np.sqrt(np.abs(values)) + eps)"},
        (
            "You add eps to the square roots of the eigenvalues. In the formula, eps is added to the eigenvalues, "
            "under the square root."
        ),
    ),
    Mistake(
        "no eps",
        {"np.sqrt(values + eps)": "np.sqrt(np.abs(values))"},
        "You leave out eps. Without it, directions in which the data hardly vary are scaled up far too much.",
    ),
    Mistake(
        "eps fixed",
        tuple({"values + eps": f"values + {eps}"} for eps in ("1e-5", *OTHER_EPS[:-1])),
        EPS_IGNORED,
    ),
    Mistake(
        "another default for eps",
        tuple({"eps=1e-5": f"eps={eps}"} for eps in OTHER_EPS),
        EPS_DEFAULT,
    ),
    Mistake(
        "one pass",
        {"centred.T @ centred / len(x)": "x.T @ x / len(x) - np.outer(x.mean(axis=0), x.mean(axis=0))"},
        (
            "You compute the covariance as the mean of the products minus the product of the means. If the means are"
            " large compared with the spread, these two numbers are nearly equal, so their difference keeps hardly "
            "any correct digits."
        ),
    ),
    Mistake("always float64", {dtype_of("x"): "float"}, ALWAYS_FLOAT64),
    Mistake("integers stay integers", {dtype_of("x"): "x.dtype"}, INTEGERS),
    Mistake(
        "works in place",
        {
            "x = x.astype(float)\n": 'x = x if x.dtype.kind == "f" else x.astype(float)\n',
            "centred = x - x.mean(axis=0)": "x -= x.mean(axis=0)\n    centred = x",
        },
        in_place("x"),
    ),
)

KNOWN = Known(zca_whiten, tables, MISTAKES)
