"""Experiments of the section on inference: a trained network in both modes, its state, and its folding."""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bnref.core.folding import fold_linear_before
from bnref.experiments.memory import remembered
from bnref.experiments.training import Split, accuracy, digits, one_thread, perceptron, train
from bnref.inference import BatchNorm, fold_linear
from bnref.placement import make_block

Array = NDArray[np.floating]


@remembered
def reader(seed: int = 0) -> nn.Sequential:
    """A network that reads digits, trained, with BN after each tanh. Copy it before you change its mode or state."""
    with one_thread(seed):
        blocks = [*make_block(64, 24, "post"), *make_block(24, 24, "post")]
        model = nn.Sequential(*blocks, nn.Linear(24, 10))
        train(model, digits(), steps=400, lr=0.1)
        return model.eval()


@dataclass(frozen=True)
class Modes:
    """Test accuracies (seeds,) of networks that were trained alike: used as they should be, and in wrong ways.

    `evaluation` uses the stored statistics. The next five are in training mode: `mixed_64`, `mixed_8` and `pairs` have
    the test images in random batches of 64, 8 and 2, `sorted_32` in batches of 32 that mostly hold one digit alone,
    and `with_a_copy` has each image beside a copy of itself. The last two are in evaluation mode: `without_buffers`
    with the parameters restored and the statistics not, and `frozen` after 20 batches of inverted images in training
    mode with parameters that no longer learn.
    """

    evaluation: Array
    mixed_64: Array
    mixed_8: Array
    pairs: Array
    sorted_32: Array
    with_a_copy: Array
    without_buffers: Array
    frozen: Array


@remembered
def modes(seeds: int = 5) -> Modes:
    """Measure what becomes of a network whose mode or state is not what it should be."""
    columns = zip(*(_in_each_way(reader(seed), digits(), seed) for seed in range(seeds)), strict=True)
    return Modes(*(np.array(column) for column in columns))


@torch.no_grad()
def _in_each_way(model: nn.Sequential, data: Split, seed: int) -> list[float]:
    with one_thread(seed):
        mixed, in_order = torch.randperm(len(data.y_test)), torch.argsort(data.y_test, stable=True)
        groups = [mixed.split(64), mixed.split(8), mixed.split(2), in_order.split(32), mixed[:, None].expand(-1, 2)]
        bare = copy.deepcopy(model)
        for layer in norms(bare):
            layer.reset_running_stats()
        return [
            accuracy(model, data.x_test, data.y_test),
            *(_accuracy_by_batch(model, data, batches) for batches in groups),
            accuracy(bare, data.x_test, data.y_test),
            accuracy(_left_in_training(model, 1 - data.x), data.x_test, data.y_test),
        ]


def norms(model: nn.Module) -> list[nn.BatchNorm1d | nn.BatchNorm2d]:
    """The BN layers of a model, in order."""
    return [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)]


def _accuracy_by_batch(model: nn.Sequential, data: Split, batches: tuple[Tensor, ...] | Tensor) -> float:
    """The share of test images put right in training mode, batch by batch; a last batch of one is left out."""
    training = copy.deepcopy(model).train()
    right = [training(data.x_test[b]).argmax(dim=1) == data.y_test[b] for b in batches if len(b) > 1]
    return torch.cat(right).float().mean().item()


def _left_in_training(model: nn.Sequential, x: Tensor) -> nn.Module:
    """A copy whose parameters no longer learn, after 20 batches of other images (N, 64) in training mode."""
    frozen = copy.deepcopy(model).requires_grad_(False).train()
    for batch in torch.randperm(len(x)).split(64)[:20]:
        frozen(x[batch])
    return frozen


@dataclass(frozen=True)
class LayerState:
    """What one BN layer keeps for each of its units, (D,) each."""

    gamma: Array
    beta: Array
    moving_mean: Array
    moving_std: Array


def layer_states(seed: int = 0) -> list[LayerState]:
    """What each BN layer of the trained network has learned and kept, from its state_dict."""
    results = []
    for layer in norms(reader(seed)):
        state = {name: value.numpy() for name, value in layer.state_dict().items()}
        std = np.sqrt(state["running_var"])
        results.append(LayerState(state["weight"], state["bias"], state["running_mean"], std))
    return results


def first_activations(seed: int = 0) -> Array:
    """What goes into the first BN layer of the trained network for each training image: (N, 24) in float64."""
    with one_thread(), torch.no_grad():
        return reader(seed)[:2](digits().x).double().numpy()


@dataclass(frozen=True)
class Affine:
    """How far BN is from a map y = a x + b of each sample by itself; largest differences (seeds,).

    `bent` is that of evaluation from a x + b, with a and b from the layer's state. `company` compares the outputs of
    one sample in two batches, in evaluation mode, and `company_in_training` in training mode.
    """

    bent: Array
    company: Array
    company_in_training: Array


@remembered
def affine(seeds: int = 3) -> Affine:
    """Test whether a layer in evaluation mode is affine, and whether a sample's output depends on its companions."""
    columns = zip(*(_affine(seed) for seed in range(seeds)), strict=True)
    return Affine(*(np.array(column) for column in columns))


def _affine(seed: int) -> list[float]:
    state, x = layer_states(seed)[0], first_activations(seed)
    used, once, again = (_layer(state) for _ in range(3))
    used.training = False
    a = used.gamma / np.sqrt(used.running_var + used.eps)
    b = used.beta - a * used.running_mean
    differences = [
        used(x) - (a * x + b),
        used(x)[:1] - used(x[:1]),
        once(x[:8])[0] - again(x[[0, *range(8, 15)]])[0],
    ]
    return [float(np.abs(difference).max()) for difference in differences]


def _layer(state: LayerState) -> BatchNorm:
    """A layer of bnref's with that state, in training mode."""
    layer = BatchNorm(len(state.gamma))
    layer.gamma, layer.beta = state.gamma.astype(float), state.beta.astype(float)
    layer.running_mean, layer.running_var = state.moving_mean.astype(float), state.moving_std.astype(float) ** 2
    return layer


def fold(model: nn.Sequential) -> nn.Sequential:
    """The same network in evaluation without its BN layers: each folded into the linear layer before or after it.

    BN right after a linear layer goes into that one; BN after an activation goes into the next linear layer.
    """
    layers: list[nn.Module] = []
    waiting: nn.BatchNorm1d | None = None
    for layer in model:
        if isinstance(layer, nn.BatchNorm1d):
            if layers and isinstance(layers[-1], nn.Linear):
                layers[-1] = _folded(layers[-1], layer, after=True)
            else:
                waiting = layer
        elif isinstance(layer, nn.Linear) and waiting:
            layers.append(_folded(layer, waiting, after=False))
            waiting = None
        else:
            layers.append(layer)
    return nn.Sequential(*layers)


def _folded(linear: nn.Linear, norm: nn.BatchNorm1d, after: bool) -> nn.Linear:
    """One linear layer for a linear layer and the BN after it, or before it."""
    state = {name: value.numpy() for name, value in norm.state_dict().items()}
    gamma, beta, mean, var = (state[name] for name in ("weight", "bias", "running_mean", "running_var"))
    bias = None if linear.bias is None else linear.bias.detach().numpy()
    into = fold_linear if after else fold_linear_before
    weight, bias = into(linear.weight.detach().numpy(), bias, gamma, beta, mean, var, norm.eps)
    result = nn.Linear(linear.in_features, linear.out_features)
    result.load_state_dict({"weight": torch.from_numpy(weight), "bias": torch.from_numpy(bias)})
    return result


@dataclass(frozen=True)
class Folding:
    """A trained network in evaluation against the same one folded, on the test images, for each seed.

    `difference` is (seeds,): the largest of the logits' differences over the largest logit. `changed` counts the test
    images whose class changed.
    """

    difference: Array
    changed: NDArray[np.int_]


@remembered
def folding(placement: str = "pre", seeds: int = 3) -> Folding:
    """Fold networks in float32 with BN before the activation ("pre") or after it ("post")."""
    rows = [_folding(_pre(seed) if placement == "pre" else reader(seed)) for seed in range(seeds)]
    return Folding(np.array([row[0] for row in rows]), np.array([row[1] for row in rows]))


def _pre(seed: int) -> nn.Sequential:
    with one_thread(seed):
        model = perceptron([64, 24, 24, 10])
        train(model, digits(), steps=400, lr=0.1)
        return model.eval()


def _folding(model: nn.Sequential) -> tuple[float, int]:
    with one_thread(), torch.no_grad():
        before, after = model(digits().x_test), fold(model)(digits().x_test)
    changed = int((before.argmax(dim=1) != after.argmax(dim=1)).sum())
    return ((before - after).abs().max() / before.abs().max()).item(), changed
