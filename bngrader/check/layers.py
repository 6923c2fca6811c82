"""Slopes that a test expects of a backward pass, by PyTorch's automatic gradients."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Slopes = tuple["NDArray[Any]", "NDArray[Any]", "NDArray[Any]"]


def normalized(
    x: "NDArray[Any]", gamma: "NDArray[Any]", beta: "NDArray[Any]", dy: "NDArray[Any]", eps: float = 1e-5
) -> list[tuple["NDArray[Any]", Slopes]]:
    """Return y and `(dx, dgamma, dbeta)` of batch normalization, by column of a table or by channel of images.

    The right layer comes first. The others have a slip in the forward pass, for which an answer has lost its points
    there: they divide by N - 1, add eps outside of the root, or leave it out. `fitting` chooses among them.
    """
    import torch

    axes, shape = [k for k in range(x.ndim) if k != 1], [-1 if k == 1 else 1 for k in range(x.ndim)]
    found = []
    for correction, inside, outside in ((0, eps, 0.0), (1, eps, 0.0), (0, 0.0, eps), (0, 0.0, 0.0)):
        if correction and x.size == x.shape[1]:
            continue  # one value has no unbiased variance
        leaves = [torch.tensor(np.array(a, np.float64), requires_grad=True) for a in (x, gamma, beta)]
        var, mean = torch.var_mean(leaves[0], axes, correction=correction, keepdim=True)
        scale, shift = (leaf.reshape(shape) for leaf in leaves[1:])
        y = scale * (leaves[0] - mean) / (torch.sqrt(var + inside) + outside) + shift
        dx, dgamma, dbeta = torch.autograd.grad(y, leaves, torch.tensor(np.array(dy, np.float64)))
        found.append((y.detach().numpy(), (dx.numpy(), dgamma.numpy(), dbeta.numpy())))
    return found
