"""Measures of how a network's activations and gradients move while it trains.

NaN and infinity in the data pass through as in NumPy, with no warning.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from bnref.core import forward
from bnref.core.arguments import as_real, as_table, as_vector, positive
from bnref.core.blocks import Array

if TYPE_CHECKING:
    import torch

__all__ = ["activation_percentiles", "gradient_shift", "record_activations", "standardize_activations"]


def activation_percentiles(h: ArrayLike, q: ArrayLike = (15, 50, 85)) -> Array:
    """Compute percentiles of each unit's activations over a batch, with linear interpolation.

    Parameters
    ----------
    h
        `(N, D)`, of any real dtype: one row per sample, one column per unit.
    q
        Percentages from 0 to 100.

    Returns
    -------
    percentiles
        `(len(q), D)` in the dtype of `h` (float64 for integers), in the order of `q`.

    Raises
    ------
    ValueError
        If `h` is empty, is not two-dimensional or does not contain real numbers, or if `q` is not a sequence of
        percentages from 0 to 100.

    References
    ----------
    Ioffe and Szegedy (2015), figure 1(b, c).
    """
    h, percentages = as_table(h, "h"), as_vector(q, None, "q")
    if not ((percentages >= 0) & (percentages <= 100)).all():
        raise ValueError(f"q must contain percentages from 0 to 100, but it is {percentages}")
    wide = h.astype(np.result_type(h.dtype, np.float64))
    with np.errstate(invalid="ignore"):
        return np.percentile(wide, percentages, axis=0).astype(h.dtype)


def record_activations(model: "torch.nn.Module", x: "torch.Tensor") -> dict[str, tuple[float, float]]:
    """Record the mean and biased standard deviation of each leaf module's output for one batch.

    The model runs once, in its current mode and without gradients. Its parameters, buffers (including running
    statistics), mode and hooks are left unchanged, and so is `x`, even if the model raises.

    Parameters
    ----------
    model
        A `torch.nn.Module` whose leaves run once each and return one tensor.
    x
        A batch for the model.

    Returns
    -------
    statistics
        A dict from the name of each leaf that ran to the (mean, biased standard deviation) of all entries of its
        output, in the order in which the leaves ran. The sums are taken in float64.

    References
    ----------
    Ioffe and Szegedy (2015), section 1, for the shift that these numbers are meant to show.
    """
    import torch  # only here, so that the functions in NumPy work without torch

    found: dict[str, tuple[float, float]] = {}

    def note(name: str, _module: torch.nn.Module, _inputs: object, output: torch.Tensor) -> None:
        wide = output.detach().double()
        found[name] = wide.mean().item(), wide.std(correction=0).item()

    with ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        stack.enter_context(_buffers_kept(model))
        for name, module in model.named_modules():
            if not any(True for _ in module.children()):
                stack.callback(module.register_forward_hook(partial(note, name)).remove)
        model(x.clone())  # a model may change its input in place
    return found


@contextmanager
def _buffers_kept(model: "torch.nn.Module") -> Iterator[None]:
    """Restore every buffer of a model on exit, whether it was changed in place or replaced."""
    kept = [
        (module, name, buffer, buffer.clone())
        for module in model.modules()
        for name, buffer in module.named_buffers(recurse=False)
    ]
    try:
        yield
    finally:
        for module, name, buffer, before in kept:
            buffer.copy_(before)
            setattr(module, name, buffer)


def gradient_shift(g: ArrayLike, g_after: ArrayLike) -> tuple[float, float]:
    """Measure how far the gradient of a layer moves when the layers before it are updated.

    Parameters
    ----------
    g, g_after
        Arrays of the same shape, which may be any: the gradient before and after the update. They are flattened and
        converted to float64.

    Returns
    -------
    l2
        The length of their difference (not squared).
    cosine
        The cosine of the angle between them; 0 if one of them is all zeros.

    Raises
    ------
    ValueError
        If they are empty, have different shapes or do not contain real numbers.

    References
    ----------
    Santurkar et al. (2018), definition 2.1.
    """
    g, after = as_real(g, "g"), as_real(g_after, "g_after")
    if g.shape != after.shape or g.size == 0:
        raise ValueError(
            f"g and g_after must have the same shape and must not be empty, "
            f"but their shapes are {g.shape} and {after.shape}"
        )
    a, b = (x.ravel().astype(np.float64) for x in (g, after))
    with np.errstate(all="ignore"):
        (unit_a, length_a), (unit_b, length_b), (_, l2) = _direction(a), _direction(b), _direction(a - b)
        cosine = 0.0 if length_a == 0 or length_b == 0 else float(unit_a @ unit_b)
    return l2, cosine


def _direction(a: Array) -> tuple[Array, float]:
    """Return the unit vector and the length of `a`, even if the squares of its entries overflow or underflow."""
    largest = float(np.abs(a).max())
    if largest == 0:
        return a, 0.0
    small = a / largest
    norm = float(np.sqrt(small @ small))
    return small / norm, norm * largest


def standardize_activations(h: ArrayLike, eps: float = 1e-5) -> Array:
    """Standardize each unit's activations over a batch to mean 0 and standard deviation (almost) 1.

    Parameters
    ----------
    h
        `(N, D)`, of any real dtype: one row per sample, one column per unit.
    eps
        Added to the variance, inside the square root.

    Returns
    -------
    h_hat
        `(N, D)` in the dtype of `h` (float64 for integers): (h - mean) / sqrt(var + eps), with the biased variance.

    Raises
    ------
    ValueError
        If `h` is empty, is not two-dimensional or does not contain real numbers, or if `eps` is not positive.

    References
    ----------
    Ioffe and Szegedy (2015), section 3, the third line of algorithm 1.
    """
    h = as_table(h, "h")
    return forward(h, (*h.shape, 1), 1.0, 0.0, positive(eps, "eps"))[0]
