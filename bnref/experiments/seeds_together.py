"""Perceptrons of several seeds, trained together: one stack of small matrices costs less than many small steps."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn

from bnref.experiments.training import Split, one_thread, perceptron

StackedNorm = Callable[[int, int], nn.Module]  # builds one layer's norms for a number of seeds and a number of units


class StackedLinear(nn.Module):
    """A dense layer per seed: (S, N, inputs) to (S, N, outputs)."""

    def __init__(self, layers: Sequence[nn.Linear]) -> None:
        """Stack the weights of dense layers with the same shape."""
        super().__init__()
        self.weight = nn.Parameter(torch.stack([layer.weight.detach().T for layer in layers]))
        biases = [layer.bias.detach()[None] for layer in layers if layer.bias is not None]
        self.bias = nn.Parameter(torch.stack(biases)) if biases else None

    def forward(self, x: Tensor) -> Tensor:
        """Multiply each seed's samples by that seed's weights."""
        return x @ self.weight if self.bias is None else torch.baddbmm(self.bias, x, self.weight)


class StackedBatchNorm(nn.Module):
    """Batch norm of (S, N, D), separately for each seed, in ghost batches of `ghost_size` rows if that is given.

    `decay` is the share of the old running statistics that is kept at each batch, or at each ghost batch. As in
    PyTorch, the running variance is unbiased.
    """

    mean: Tensor
    var: Tensor

    def __init__(self, seeds: int, features: int, ghost_size: int | None = None, decay: float = 0.9) -> None:
        """Create the norms of one layer."""
        super().__init__()
        self.ghost_size, self.decay, self.eps = ghost_size, decay, 1e-5
        shape = seeds, 1, features
        self.weight, self.bias = nn.Parameter(torch.ones(shape)), nn.Parameter(torch.zeros(shape))
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("var", torch.ones(shape))

    def forward(self, x: Tensor) -> Tensor:
        """Normalize by the batch and update the running statistics, or normalize by those in evaluation mode."""
        if not self.training:
            return torch.addcmul(self.bias, x - self.mean, self.weight * (self.var + self.eps).rsqrt())
        parts = x.unflatten(1, (-1, self.ghost_size or x.shape[1]))  # (S, ghosts, rows, D)
        var, mean = torch.var_mean(parts, dim=2, correction=0, keepdim=True)
        rows = parts.shape[2]
        self._follow(mean.detach()[:, :, 0], var.detach()[:, :, 0] * (rows / (rows - 1)))
        scale = self.weight[:, None] * (var + self.eps).rsqrt()
        return torch.addcmul(self.bias[:, None], parts - mean, scale).flatten(1, 2)

    def _follow(self, mean: Tensor, var: Tensor) -> None:
        """Update the running statistics by those of one ghost batch after the other, (S, ghosts, D) each."""
        ghosts = mean.shape[1]
        shares = (1 - self.decay) * self.decay ** torch.arange(ghosts - 1, -1, -1.0)
        for running, new in ((self.mean, mean), (self.var, var)):
            running.mul_(self.decay**ghosts).add_((shares @ new)[:, None])


class SideBySide(nn.Module):
    """PyTorch's batch norm of (S, N, D), with each seed's units beside those of the others.

    Faster than `StackedBatchNorm`, but it has no ghost batches.
    """

    def __init__(self, seeds: int, features: int) -> None:
        """Create the norms of one layer."""
        super().__init__()
        self.norm = nn.BatchNorm1d(seeds * features)

    def forward(self, x: Tensor) -> Tensor:
        """Normalize each seed's units by the batch, or by the running statistics in evaluation mode."""
        return self.norm(x.transpose(0, 1).flatten(1)).unflatten(1, (len(x), -1)).transpose(0, 1)


def perceptrons(widths: list[int], norm: StackedNorm | None, seeds: int) -> nn.Sequential:
    """Build one `perceptron` per seed, as a single network from (S, N, widths[0]) to (S, N, widths[-1])."""
    return build_together(lambda: perceptron(widths, nn.BatchNorm1d if norm else None), seeds, norm or SideBySide)


def build_together(build: Callable[[], nn.Sequential], seeds: int, norm: StackedNorm = SideBySide) -> nn.Sequential:
    """Call `build` once for each seed, and stack the networks, with `norm` for each batch norm layer."""
    singles = []
    for seed in range(seeds):
        with one_thread(seed):
            singles.append(build())
    return _stack(singles, norm)


def _stack(singles: Sequence[nn.Sequential], norm: StackedNorm) -> nn.Sequential:
    layers: list[nn.Module] = []
    for same in zip(*singles, strict=True):
        if isinstance(same[0], nn.Linear):
            layers.append(StackedLinear([layer for layer in same if isinstance(layer, nn.Linear)]))
        elif isinstance(same[0], nn.BatchNorm1d):
            layers.append(norm(len(same), same[0].num_features))
        elif isinstance(same[0], nn.Sequential):
            layers.append(_stack(same, norm))
        else:
            layers.append(same[0])
    return nn.Sequential(*layers)


def random_batches(n: int, batch_size: int, seeds: int) -> Iterator[Tensor]:
    """Yield index tensors (S, batch_size) without end: whole batches of epoch after epoch, shuffled per seed."""
    generators = [torch.Generator().manual_seed(seed) for seed in range(seeds)]
    while True:
        order = torch.stack([torch.randperm(n, generator=generator) for generator in generators])
        yield from order[:, : n - n % batch_size].split(batch_size, dim=1)


def stacked(splits: Sequence[Split]) -> Split:
    """Stack one split per seed: `x` becomes (S, N, ...) and `y` (S, N)."""
    parts = zip(*((split.x, split.y, split.x_test, split.y_test) for split in splits), strict=True)
    return Split(*(torch.stack(part) for part in parts))


def train_together(
    model: nn.Module,
    data: Split,
    batches: Iterator[Tensor],
    steps: int,
    lr: float,
    momentum: float = 0.0,
    micro_batch: int | None = None,
    after_step: Callable[[int], None] | None = None,
) -> nn.Module:
    """Train each seed's network on its own split of the stacked `data`, by stochastic gradient descent.

    With `micro_batch`, each batch is cut into parts of that size, and their gradients are accumulated. `after_step` is
    called with the number of the step, which starts at 1.
    """
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    model.train()
    for step in range(1, steps + 1):
        rows = next(batches)
        optimizer.zero_grad()
        for part in rows.split(micro_batch or rows.shape[1], dim=1):
            (_total_loss(model, data, part) / rows.shape[1]).backward()
        optimizer.step()
        if after_step:
            after_step(step)
    return model


def _total_loss(model: nn.Module, data: Split, rows: Tensor) -> Tensor:
    """Sum the cross-entropy over seeds and rows. Seeds share no weights, so each gets the gradient of its own loss."""
    seed = torch.arange(len(rows))[:, None]
    scores = model(data.x[seed, rows])
    return nn.functional.cross_entropy(scores.flatten(0, 1), data.y[seed, rows].flatten(), reduction="sum")


@torch.no_grad()
def accuracies(model: nn.Module, data: Split) -> Tensor:
    """Return each seed's share (S,) of test samples that its network classifies correctly in evaluation mode.

    The mode is kept.
    """
    training = model.training
    right = model.eval()(data.x_test).argmax(dim=2) == data.y_test
    model.train(training)
    return right.double().mean(dim=1)
