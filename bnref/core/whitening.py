"""Whitening: an affine map of all columns together, after which they are uncorrelated with mean 0 and variance 1.

There are many such maps, since a rotation of white columns leaves them white. Here are three: ZCA stays closest to the
data, PCA orders its columns by variance, and Cholesky needs no eigenvectors.
"""

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from bnref.core import moments, seen_as
from bnref.core.arguments import as_real, as_table, positive
from bnref.core.blocks import Array, unbuffered

__all__ = ["whiten", "whitening_matrix"]

Kind = Literal["zca", "pca", "cholesky"]


def whitening_matrix(covariance: ArrayLike, kind: Kind = "zca", eps: float = 1e-5) -> Array:
    """The matrix M, (D, D), with M (covariance + eps I) M.T = I, in float64.

    Columns that are centred and multiplied by M.T have a covariance whose eigenvalues are l / (l + eps), for the
    eigenvalues l of `covariance`. So they are white only as far as eps is small against the smallest l; where that is
    0, a direction without any variance stays without.

    Parameters
    ----------
    covariance
        `(D, D)`, symmetric, of any real dtype.
    kind
        "zca": symmetric. "pca": the rows are eigenvectors by falling eigenvalue, scaled. "cholesky": lower triangular.
    eps
        Above 0.

    Raises
    ------
    ValueError
        If `covariance` is not a square matrix of finite real numbers, if `kind` is another, or if `eps` is not above 0.

    References
    ----------
    Kessy, Lewin and Strimmer (2018), sections 2 and 3; Siarohin, Sangineto and Sebe (2019), for Cholesky in networks.
    """
    matrix, eps = as_real(covariance, "covariance").astype(np.float64), positive(eps, "eps")
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
        raise ValueError(f"covariance must be a square matrix of finite numbers, but its shape is {matrix.shape}")
    if kind not in get_args(Kind):
        raise ValueError(f"kind must be one of {', '.join(get_args(Kind))}, but it is {kind!r}")
    if kind == "cholesky":
        factor = np.linalg.cholesky(matrix + eps * np.eye(len(matrix)))
        return np.linalg.solve(factor, np.eye(len(matrix)))
    values, vectors = np.linalg.eigh(matrix)
    scaled = vectors / np.sqrt(np.maximum(values, 0) + eps)
    return scaled @ vectors.T if kind == "zca" else scaled[:, ::-1].T


@unbuffered
def whiten(x: ArrayLike, kind: Kind = "zca", eps: float = 1e-5) -> Array:
    """Whiten the columns of a table `(N, D)` by its own mean and biased covariance.

    The result has the dtype of `x` (float64 for integers). The arithmetic is in float64. `kind`, `eps` and errors as
    for `whitening_matrix`, and ValueError if `x` is empty, is not two-dimensional or does not hold finite real
    numbers.
    """
    x = as_table(x, "x")
    if not np.isfinite(x).all():
        raise ValueError(
            "x must hold finite numbers, but it holds NaN or infinity, whose covariance has no eigenvectors"
        )
    found = moments(seen_as(x, (*x.shape, 1)))
    centred = x.astype(np.float64) - found.mean.astype(np.float64)
    z = centred @ whitening_matrix(centred.T @ centred / len(x), kind, eps).T
    return z.astype(x.dtype)
