"""Batch renormalization as a torch layer for several seeds, and training with tiny or dependent batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bnref.experiments.memory import remembered
from bnref.experiments.seeds_together import (
    StackedBatchNorm,
    StackedNorm,
    accuracies,
    perceptrons,
    random_batches,
    stacked,
    train_together,
)
from bnref.experiments.training import digits, one_thread

Array = NDArray[np.floating]


class BatchRenorm(nn.Module):
    """Batch renormalization of (S, N, D), separately for each of S seeds: Ioffe (2017), algorithm 1.

    The first `warm_up` batches are normalized as by batch norm. During the next `ramp` batches, the limits grow
    linearly to r_max 3 and d_max 5. The moving averages of means and standard deviations start as plain averages, and
    later keep the share `decay` of the old value.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, seeds: int, features: int, warm_up: int, ramp: int, decay: float = 0.99) -> None:
        super().__init__()
        shape = seeds, 1, features
        self.weight, self.bias = nn.Parameter(torch.ones(shape)), nn.Parameter(torch.zeros(shape))
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("std", torch.ones(shape))
        self.decay, self.warm_up, self.ramp, self.seen = decay, warm_up, ramp, 0

    def forward(self, x: Tensor) -> Tensor:
        """Normalize a batch and, in training mode, update the moving averages."""
        if not self.training:
            return torch.addcmul(self.bias, x - self.mean, self.weight / self.std)
        var, mean = torch.var_mean(x, dim=1, correction=0, keepdim=True)
        std = (var + 1e-5).sqrt()
        r, d = self._corrections(mean.detach(), std.detach())
        self._follow(mean.detach(), std.detach())
        return torch.addcmul(self.bias, (x - mean) / std * r + d, self.weight)

    def _corrections(self, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        """Return r and d, clipped to their present limits. The gradient treats them as constants."""
        grown = min(1.0, max(0.0, (self.seen - self.warm_up) / self.ramp))
        r_max, d_max = 1 + 2 * grown, 5 * grown
        return (std / self.std).clamp(1 / r_max, r_max), ((mean - self.mean) / self.std).clamp(-d_max, d_max)

    def _follow(self, mean: Tensor, std: Tensor) -> None:
        self.seen += 1
        new = max(1 - self.decay, 1 / self.seen)  # 1 / seen makes a plain average of the first batches
        self.mean.lerp_(mean, new)
        self.std.lerp_(std, new)


@dataclass(frozen=True)
class TinyBatches:
    """Test accuracies (seeds,) after training on one kind of batches.

    `slower_average` is batch norm with decay 0.99 instead of 0.9. `recomputed` is the network of `batch_norm`,
    evaluated with the statistics of all training images.
    """

    batches: str
    batch_norm: Array
    slower_average: Array
    recomputed: Array
    batch_renorm: Array


@dataclass(frozen=True)
class Renormalized:
    """Accuracies with each kind of small or dependent batches, and (seeds,) with batch norm in random batches of 64."""

    kinds: list[TinyBatches]
    batch_norm_64: Array


# For each kind of batches: how many digits occur in each batch (all ten if None), and the number of images.
KINDS = {
    "4 random images": (None, 4),
    "8 random images": (None, 8),
    "32 images of 4 digits": (4, 32),
    "32 images of 2 digits": (2, 32),
}


@remembered
def tiny_batches(seeds: int = 6) -> Renormalized:
    """Train perceptrons for four epochs, at a learning rate proportional to the batch size."""
    kinds = [_kind(name, *kind, seeds) for name, kind in KINDS.items()]
    return Renormalized(kinds, _accuracies(_trained(StackedBatchNorm, None, 64, seeds)))


def _kind(name: str, classes: int | None, size: int, seeds: int) -> TinyBatches:
    plain = _trained(StackedBatchNorm, classes, size, seeds)
    slower = _trained(partial(StackedBatchNorm, decay=0.99), classes, size, seeds)
    steps = _steps(size)
    renorm = _trained(partial(BatchRenorm, warm_up=steps // 7, ramp=steps // 3), classes, size, seeds)
    found = [_accuracies(plain), _accuracies(slower), _accuracies(_recomputed(plain, seeds)), _accuracies(renorm)]
    return TinyBatches(name, *found)


def _steps(batch_size: int, epochs: int = 4) -> int:
    return epochs * len(digits().x) // batch_size


def _trained(norm: StackedNorm, classes: int | None, size: int, seeds: int) -> nn.Module:
    data = stacked([digits()] * seeds)
    with one_thread(0):
        model = perceptrons([64, 64, 64, 64, 10], norm, seeds)
        batches = (
            by_class(digits().y, classes, size, seeds) if classes else random_batches(len(digits().x), size, seeds)
        )
        return train_together(model, data, batches, _steps(size), lr=0.05 * size / 32, momentum=0.9)


def by_class(labels: Tensor, classes: int, size: int, seeds: int) -> Iterator[Tensor]:
    """Yield index tensors (S, size) without end: each batch has equally many images of some randomly chosen classes."""
    generators = [torch.Generator().manual_seed(seed) for seed in range(seeds)]
    groups = [torch.nonzero(labels == label).flatten() for label in labels.unique()]
    while True:
        yield torch.stack([_batch(groups, classes, size // classes, generator) for generator in generators])


def _batch(groups: list[Tensor], classes: int, each: int, generator: torch.Generator) -> Tensor:
    chosen = [groups[i] for i in torch.randperm(len(groups), generator=generator)[:classes]]
    return torch.cat([group[torch.randperm(len(group), generator=generator)[:each]] for group in chosen])


@torch.no_grad()
def _recomputed(model: nn.Module, seeds: int) -> nn.Module:
    """Set the running statistics to those of one batch with all training images."""
    for layer in model.modules():
        if isinstance(layer, StackedBatchNorm):
            layer.decay = 0
    with one_thread():
        model.train()(stacked([digits()] * seeds).x)
    return model


def _accuracies(model: nn.Module) -> Array:
    with one_thread():
        test = stacked([digits()] * len(next(model.parameters())))
        return accuracies(model, test).numpy()
