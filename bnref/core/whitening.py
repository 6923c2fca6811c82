"""Whitening: affine maps that make the columns uncorrelated, with mean 0 and variance 1.

There are many such maps, since white columns stay white when rotated. This module has three: ZCA stays closest to the
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
    """Compute a matrix M, (D, D) in float64, with M (covariance + eps I) M.T = I.

    Columns that are centred and multiplied by M.T have a covariance with the eigenvalues l / (l + eps), where l are the
    eigenvalues of `covariance`. They are white only if eps is small compared with the smallest l. A direction with no
    variance keeps none.

    Parameters
    ----------
    covariance
        `(D, D)`, symmetric, of any real dtype.
    kind
        "zca": symmetric. "pca": the rows are eigenvectors by falling eigenvalue, scaled. "cholesky": lower triangular.
    eps
        Greater than 0.

    Raises
    ------
    ValueError
        If `covariance` is not a square matrix of finite real numbers, if `kind` is none of the above, or if `eps` is
        not positive.

    References
    ----------
    Kessy, Lewin and Strimmer (2018), sections 2 and 3; Siarohin, Sangineto and Sebe (2019), for Cholesky in networks.
    """
    matrix, eps = as_real(covariance, "covariance").astype(np.float64), positive(eps, "eps")
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"covariance must be a square matrix, but its shape is {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise ValueError("covariance must contain only finite numbers, but it contains NaN or infinity")
    if kind not in get_args(Kind):
        raise ValueError(f"kind must be one of {', '.join(get_args(Kind))}, but it is {kind!r}")
    if kind == "cholesky":
        factor = np.linalg.cholesky(matrix + eps * np.eye(len(matrix)))
        return np.linalg.solve(factor, np.eye(len(matrix)))
    values, vectors = np.linalg.eigh(matrix)
    scaled = vectors / np.sqrt(np.maximum(values, 0) + eps)  # rounding can turn an eigenvalue of 0 negative
    return scaled @ vectors.T if kind == "zca" else scaled[:, ::-1].T


@unbuffered
def whiten(x: ArrayLike, kind: Kind = "zca", eps: float = 1e-5) -> Array:
    """Whiten the columns of a table `(N, D)` by its own mean and biased covariance.

    The result has the dtype of `x` (float64 for integers). The arithmetic is in float64. `kind`, `eps` and their errors
    are those of `whitening_matrix`. Also raises ValueError if `x` is empty, is not two-dimensional or does not contain
    finite real numbers.
    """
    x = as_table(x, "x")
    if not np.isfinite(x).all():
        raise ValueError(
            "x must contain only finite numbers, but it contains NaN or infinity, so its covariance has no eigenvectors"
        )
    found = moments(seen_as(x, (*x.shape, 1)))
    # In float64, since small eigenvalues of the covariance would drown in the rounding errors of float32.
    centred = x.astype(np.float64) - found.mean.astype(np.float64)
    z = centred @ whitening_matrix(centred.T @ centred / len(x), kind, eps).T
    return z.astype(x.dtype)
