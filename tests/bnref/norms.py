"""All norms of the package with their torch counterparts, for tests that hold for every norm."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from bnref import cnn, norm_types

EPS = 1e-5


@dataclass(frozen=True)
class Norm:
    """bnref's `forward(x, gamma, beta)` and `backward(dy, cache)`, and torch's `oracle(x, gamma, beta)`."""

    forward: Any
    backward: Any
    oracle: Any


def grouped(groups):
    """Make group norm with `groups(C)` groups."""
    return Norm(
        lambda x, g, b: norm_types.group_norm_forward(x, groups(x.shape[1]), g, b, EPS),
        norm_types.group_norm_backward,
        lambda x, g, b: functional.group_norm(x, groups(x.shape[1]), g, b, EPS),
    )


def torch_rms(x, g, b):
    return x / torch.sqrt((x**2).mean((1, 2, 3), keepdim=True) + EPS) * g[:, None, None] + 0 * b.sum()


NORMS = {
    "batch": Norm(
        lambda x, g, b: cnn.batch_norm2d_forward(x, g, b, EPS),
        cnn.batch_norm2d_backward,
        lambda x, g, b: functional.batch_norm(x, None, None, g, b, True, eps=EPS),
    ),
    "layer": grouped(lambda c: 1),
    "instance": grouped(lambda c: c),
    "group": grouped(lambda c: 2 if c % 2 == 0 else 1),
    "rms": Norm(
        lambda x, g, b: norm_types.rms_norm_forward(x, g, EPS),
        lambda dy, cache: (*norm_types.rms_norm_backward(dy, cache), np.zeros(dy.shape[1], dy.dtype)),
        torch_rms,
    ),
}


def oracle(norm, x, gamma, beta, dy):
    """Return torch's output and its gradients with respect to x, gamma and beta, in the dtype of `x`."""
    inputs = [torch.tensor(np.array(a), requires_grad=True) for a in (x, gamma, beta)]
    y = norm.oracle(*inputs)
    y.backward(torch.tensor(np.array(dy)))
    return [y.detach().numpy(), *(t.grad.numpy() for t in inputs)]
