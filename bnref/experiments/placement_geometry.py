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


def _loss_and_gradient(w: Array, u: Array, label: Array, gamma: float) -> tuple[float, Array]:
    """Return the logistic loss of gamma BN(u w) for inputs u (N, 2) and labels -1 or 1, and its gradient (2,)."""
    y, cache = batch_norm_forward((u @ w)[:, None], np.array([gamma]), np.zeros(1), eps=1e-12)
    margin = label * y[:, 0]
    dy = -label / (1 + np.exp(margin)) / len(u)
    dx, _, _ = batch_norm_backward(dy[:, None], cache)
    return float(np.log1p(np.exp(-margin)).mean()), u.T @ dx[:, 0]


def rays(points: int = 121, steps: int = 12, rate: float = 1.5, seed: int = 0) -> Rays:
    """Compute the loss over two weights for 64 samples, steps from w and 2 w, and a path of gradient descent."""
    rng, gamma = np.random.default_rng(seed), 2.0
    u = rng.normal(size=(64, 2))
    label = np.where(u @ [1.0, 0.4] + 0.3 * rng.normal(size=64) > 0, 1.0, -1.0)
    # An even number of points, so that none is the origin, where the loss is not defined.
    grid = np.linspace(-3, 3, points + points % 2)
    loss = np.array([[_loss_and_gradient(np.array([a, b]), u, label, gamma)[0] for a in grid] for b in grid])
    at = np.array([[0.55, -1.1], [1.1, -2.2]])
    taken = np.array([-rate * _loss_and_gradient(w, u, label, gamma)[1] for w in at])
    path = [np.array([-0.7, 0.35])]
    for _ in range(steps):
        path.append(path[-1] - rate * _loss_and_gradient(path[-1], u, label, gamma)[1])
    return Rays(grid, loss, at, taken, np.array(path))
