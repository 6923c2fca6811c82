"""The geometry of batch norm's gradient: what the backward pass removes, and a loss that is constant along rays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnref.placement import batch_norm_backward, batch_norm_forward

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Components:
    """The gradient (N,) at the outputs of one unit, split into three parts at right angles.

    `by_mean` is its component along (1, ..., 1), `by_var` is the one along xhat, and `rest` is what the backward pass
    keeps.
    """

    gradient: Array
    by_mean: Array
    by_var: Array
    rest: Array


def components(x: Array, dy: Array, eps: float = 1e-5) -> Components:
    """Split dy (N,) into the two components that the backward pass for x (N,) removes, and the rest."""
    xhat = (x - x.mean()) / np.sqrt(x.var() + eps)
    by_mean, by_var = np.full(len(dy), dy.mean()), xhat * (dy * xhat).mean()
    return Components(dy, by_mean, by_var, dy - by_mean - by_var)


@dataclass(frozen=True)
class Rays:
    """The loss of one batch-normalized unit with two weights.

    `loss` (K, K) is the loss at the points of (`grid`, `grid`). `at` (2, 2) has the weights w and 2 w, and `steps`
    (2, 2) a step of gradient descent from each. `path` (T + 1, 2) has the weights during T larger steps.
    """

    grid: Array
    loss: Array
    at: Array
    steps: Array
    path: Array


GAMMA = 2.0


def _loss_and_gradient(w: Array, u: Array, label: Array) -> tuple[Array, Array]:
    """Return the logistic loss (K,) of GAMMA BN(u w) for inputs u (N, 2), and its gradient by w (2, K).

    The K columns of w are independent units with two weights each, and the labels (N,) are -1 or 1.
    """
    units = w.shape[1]
    y, cache = batch_norm_forward(u @ w, np.full(units, GAMMA), np.zeros(units), eps=1e-12)
    margin = label[:, None] * y
    dx, _, _ = batch_norm_backward(-label[:, None] / (1 + np.exp(margin)) / len(u), cache)
    return np.log1p(np.exp(-margin)).mean(axis=0), u.T @ dx


def rays(points: int = 121, steps: int = 12, rate: float = 1.5, seed: int = 0) -> Rays:
    """Compute the loss over two weights for 64 samples, steps from w and 2 w, and a path of gradient descent."""
    rng = np.random.default_rng(seed)
    u = rng.normal(size=(64, 2))
    label = np.where(u @ [1.0, 0.4] + 0.3 * rng.normal(size=64) > 0, 1.0, -1.0)
    # An even number of points, so that none is the origin, where the loss is not defined.
    grid = np.linspace(-3, 3, points + points % 2)
    first, second = np.meshgrid(grid, grid)
    loss = _loss_and_gradient(np.stack([first.ravel(), second.ravel()]), u, label)[0].reshape(first.shape)
    at = np.array([[0.55, -1.1], [1.1, -2.2]])
    taken = -rate * _loss_and_gradient(at.T, u, label)[1].T
    path = [np.array([-0.7, 0.35])]
    for _ in range(steps):
        path.append(path[-1] - rate * _loss_and_gradient(path[-1][:, None], u, label)[1][:, 0])
    return Rays(grid, loss, at, taken, np.array(path))
