"""Experiments of the closing chapter: gradients in deep BN networks, and networks without BN."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bnref.experiments.memory import remembered
from bnref.experiments.training import Tanh, accuracy, digits, minibatches, one_thread, train

Array = NDArray[np.floating]

SEEDS = (0, 1, 2, 3, 4)
# The factor by which BN multiplies the gradient's norm at each layer of a wide ReLU network, for a large batch.
EXPLOSION = math.sqrt(math.pi / (math.pi - 1))
LINEAR_BATCHES = (4, 8, 16, 32, 128)


def linear_explosion(batch_size: int) -> float:
    """Return the factor by which BN multiplies the gradient's norm at each layer of a wide linear network.

    BN removes two of the m directions that a gradient over m samples can have, and divides what is left by the standard
    deviation: (m - 2) / m times the mean of 1 / variance, which is m / (m - 3) for m normal values.
    """
    return math.sqrt((batch_size - 2) / (batch_size - 3))


@dataclass(frozen=True)
class Explosion:
    """Norms (seeds, layers) of the gradient with respect to each layer's output in a random network."""

    network: str
    batch_size: int
    norms: Array

    @property
    def rate(self) -> Array:
        """The growth factor of the norm from one layer to the previous one, (seeds,), without the outermost layers."""
        inner = self.norms[:, 4:-5]
        rate: Array = (inner[:, 0] / inner[:, -1]) ** (1 / (inner.shape[1] - 1))
        return rate


@remembered
def explosions(layers: int = 40, width: int = 256) -> list[Explosion]:
    """Measure the gradient by layer: ReLU with and without BN, linear layers with BN, and skip connections."""
    settings: list[tuple[str, int, Callable[[Tensor], Tensor], bool, bool]] = [
        ("ReLU", 128, torch.relu, False, False),
        *[("ReLU, BN", size, torch.relu, True, False) for size in (8, 32, 128)],
        *[("linear, BN", size, lambda z: z, True, False) for size in LINEAR_BATCHES],
        ("ReLU, BN, skip", 128, torch.relu, True, True),
    ]
    return [
        Explosion(
            name,
            size,
            np.stack([_gradient_norms((layers, size, width), activation, norm, skip, seed) for seed in SEEDS]),
        )
        for name, size, activation, norm, skip in settings
    ]


def _gradient_norms(
    shape: tuple[int, int, int], activation: Callable[[Tensor], Tensor], norm: bool, skip: bool, seed: int
) -> Array:
    # The network is never trained, so plain tensors are enough for its weights.
    (layers, size, width), outputs = shape, []
    with one_thread(seed):
        h = torch.randn(size, width, requires_grad=True)
        for _ in range(layers):
            z = h @ torch.randn(width, width) * math.sqrt(2 / width)
            z = nn.functional.batch_norm(z, None, None, training=True) if norm else z
            h = activation(z) + h if skip else activation(z)
            h.retain_grad()
            outputs.append(h)
        (h * torch.randn(size, width)).sum().backward()
    return np.array([output.grad.norm().item() for output in outputs if output.grad is not None])


class ScalarBias(nn.Module):
    """A bias of one learned number, initially 0, for all entries."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """Add the bias to an array of any shape."""
        return x + self.bias


class ResidualBlock(nn.Module):
    """One of `depth` residual blocks x + scale * branch(x), (N, width), whose branch is norm, ReLU, linear, twice.

    `kind` is "none", "BN", "SkipInit" (De and Smith 2020: a learned scale, initially 0) or "Fixup" (Zhang et al. 2019:
    the last weights are initially 0 and the others smaller by sqrt(depth); a learned scale, initially 1, and scalar
    biases).
    """

    def __init__(self, width: int, depth: int, kind: str) -> None:
        super().__init__()
        first, last = linear(width, width), linear(width, width)
        if kind == "Fixup":
            nn.init.zeros_(last.weight)
            with torch.no_grad():
                first.weight /= math.sqrt(depth)
        before = {"BN": lambda: nn.BatchNorm1d(width), "Fixup": ScalarBias}.get(kind, nn.Identity)
        self.branch = nn.Sequential(before(), nn.ReLU(), first, before(), nn.ReLU(), last)
        self.scale = nn.Parameter(torch.full((1,), 0.0 if kind == "SkipInit" else 1.0))
        self.scale.requires_grad = kind in ("SkipInit", "Fixup")

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, width) to (N, width)."""
        out: Tensor = x + self.scale * self.branch(x)
        return out


def linear(inputs: int, outputs: int) -> nn.Linear:
    """Build a dense layer without bias, initialized as in He et al. (2015)."""
    layer = nn.Linear(inputs, outputs, bias=False)
    nn.init.kaiming_normal_(layer.weight)
    return layer


def residual_network(kind: str, blocks: int, width: int = 64) -> nn.Sequential:
    """Build a digit classifier, (N, 64) to (N, 10), with `blocks` residual blocks of two layers each."""
    head = nn.Linear(width, 10)
    if kind == "Fixup":
        nn.init.zeros_(head.weight)
        nn.init.zeros_(head.bias)
    last = nn.BatchNorm1d(width) if kind == "BN" else nn.Identity()
    return nn.Sequential(
        linear(64, width), *[ResidualBlock(width, blocks, kind) for _ in range(blocks)], last, nn.ReLU(), head
    )


@dataclass(frozen=True)
class Residual:
    """Variance on the skip connection before training, and test accuracy (seeds,) after short training.

    `variance` (seeds, blocks + 1) is the mean over units, before the first block and after each block.
    """

    kind: str
    variance: Array
    accuracy: Array


@remembered
def residuals(blocks: int = 25, steps: int = 150, lr: float = 0.1) -> list[Residual]:
    """Initialize and train residual networks of 50 layers in four ways."""
    found = []
    for kind in ("none", "BN", "SkipInit", "Fixup"):
        runs = [_residual(kind, blocks, steps, lr, seed) for seed in SEEDS]
        found.append(Residual(kind, np.stack([v for v, _ in runs]), np.array([a for _, a in runs])))
    return found


def _residual(kind: str, blocks: int, steps: int, lr: float, seed: int) -> tuple[Array, float]:
    data, variances = digits(), []
    with one_thread(seed):
        model = residual_network(kind, blocks)
        with torch.no_grad():
            h = data.x[:256]
            for module in list(model)[: blocks + 1]:
                h = module(h)
                variances.append(h.var(dim=0).mean().item())
        for module in model.modules():
            if isinstance(module, nn.BatchNorm1d):
                module.reset_running_stats()  # the pass above has updated them
        train(model, data, steps, lr)
        return np.array(variances), accuracy(model, data.x_test, data.y_test)


class DynamicTanh(nn.Module):
    """gamma * tanh(alpha * x) + beta for (..., width): Zhu et al. (2025).

    `alpha` is one number; `gamma` and `beta` have one number per unit.
    """

    def __init__(self, width: int, alpha: float = 0.5) -> None:
        super().__init__()
        self.tanh = Tanh()
        self.alpha = nn.Parameter(torch.tensor(alpha))
        self.gamma, self.beta = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., width) to the same shape."""
        return self.tanh(self.alpha * x) * self.gamma + self.beta


class TransformerBlock(nn.Module):
    """Attention and a small perceptron, each after a norm and around a skip connection; (N, tokens, width)."""

    def __init__(self, width: int, norm: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.before_attention, self.before_perceptron = norm(width), norm(width)
        self.attention = nn.MultiheadAttention(width, 4, batch_first=True)
        self.perceptron = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, tokens, width) to the same shape."""
        h = self.before_attention(x)
        x = x + self.attention(h, h, h, need_weights=False)[0]
        out: Tensor = x + self.perceptron(self.before_perceptron(x))
        return out


class Transformer(nn.Module):
    """A small transformer that reads a digit's eight rows as eight tokens: (N, 64) to (N, 10)."""

    def __init__(self, norm: Callable[[int], nn.Module], width: int = 32, blocks: int = 2) -> None:
        super().__init__()
        self.embed, self.places = nn.Linear(8, width), nn.Parameter(torch.randn(8, width) * 0.02)
        self.blocks = nn.Sequential(*[TransformerBlock(width, norm) for _ in range(blocks)], norm(width))
        self.head = nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 64) to (N, 10)."""
        h = self.embed(x.view(-1, 8, 8)) + self.places
        out: Tensor = self.head(self.blocks(h).mean(dim=1))
        return out


@dataclass(frozen=True)
class Tokens:
    """Test accuracy (seeds,) of the small transformer with one choice of norm."""

    norm: str
    accuracy: Array


@remembered
def transformers(epochs: int = 6, lr: float = 6e-3) -> list[Tokens]:
    """Train the transformer by AdamW with layer norm, dynamic tanh from two values of alpha, and no norm."""
    norms: dict[str, Callable[[int], nn.Module]] = {
        "LN": nn.LayerNorm,
        "DyT": DynamicTanh,
        "DyT, alpha 2": lambda width: DynamicTanh(width, alpha=2.0),
        "none": lambda width: nn.Identity(),
    }
    return [
        Tokens(name, np.array([_trained_transformer(norm, epochs, lr, seed) for seed in SEEDS]))
        for name, norm in norms.items()
    ]


def _trained_transformer(norm: Callable[[int], nn.Module], epochs: int, lr: float, seed: int) -> float:
    data = digits()
    with one_thread(seed):
        model = Transformer(norm)
        optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
        for _ in range(epochs):
            for batch in minibatches(len(data.x), 64):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(data.x[batch]), data.y[batch]).backward()
                optimizer.step()
        return accuracy(model, data.x_test, data.y_test)
