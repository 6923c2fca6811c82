"""Experiments of the section on inference: a trained network in both modes, its state, and folding."""

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
    """Train a digit classifier with BN after each tanh. Copy it before you change its mode or state."""
    with one_thread(seed):
        blocks = [*make_block(64, 24, "post"), *make_block(24, 24, "post")]
        model = nn.Sequential(*blocks, nn.Linear(24, 10))
        train(model, digits(), steps=400, lr=0.1)
        return model.eval()


@dataclass(frozen=True)
class Modes:
    """Test accuracies (seeds,) of the same networks, used correctly and in wrong ways.

    `evaluation` uses the stored statistics. The next five are in training mode: `mixed_64`, `mixed_8` and `pairs` have
    the test images in random batches of 64, 8 and 2, `sorted_32` in batches of 32 that mostly contain only one digit,
    and `with_a_copy` in batches of an image and its copy. The last two are in evaluation mode: in `without_buffers` the
    parameters were restored but not the statistics, and in `frozen` the parameters no longer learned but 20 batches of
    inverted images passed through in training mode.
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
    """Measure the accuracy of networks whose mode or state is wrong."""
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
    """List the BN layers of a model in order."""
    return [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)]


def _accuracy_by_batch(model: nn.Sequential, data: Split, batches: tuple[Tensor, ...] | Tensor) -> float:
    """Return the accuracy on the test images in training mode, batch by batch; batches of one image are left out."""
    training = copy.deepcopy(model).train()
    right = [training(data.x_test[b]).argmax(dim=1) == data.y_test[b] for b in batches if len(b) > 1]
    return torch.cat(right).float().mean().item()


def _left_in_training(model: nn.Sequential, x: Tensor) -> nn.Module:
    """Copy the model, freeze its parameters, and pass 20 batches of `x` (N, 64) through it in training mode."""
    frozen = copy.deepcopy(model).requires_grad_(False).train()
    for batch in torch.randperm(len(x)).split(64)[:20]:
        frozen(x[batch])
    return frozen


@dataclass(frozen=True)
class LayerState:
    """Parameters and running statistics of one BN layer, (D,) each."""

    gamma: Array
    beta: Array
    moving_mean: Array
    moving_std: Array


def layer_states(seed: int = 0) -> list[LayerState]:
    """Read each BN layer's parameters and running statistics from the trained network's state_dict."""
    results = []
    for layer in norms(reader(seed)):
        state = {name: value.numpy() for name, value in layer.state_dict().items()}
        std = np.sqrt(state["running_var"])
        results.append(LayerState(state["weight"], state["bias"], state["running_mean"], std))
    return results


def first_activations(seed: int = 0) -> Array:
    """Compute the inputs (N, 24) of the trained network's first BN layer for the training images, in float64."""
    model = reader(seed)  # outside of no_grad, because it may have to be trained first
    with one_thread(), torch.no_grad():
        return model[:2](digits().x).double().numpy()


@dataclass(frozen=True)
class Affine:
    """Largest differences (seeds,) between BN and an affine map y = a x + b of single samples.

    `bent` compares evaluation with a x + b, where a and b come from the layer's state. `company` compares the outputs
    for one sample in two batches in evaluation mode, and `company_in_training` in training mode.
    """

    bent: Array
    company: Array
    company_in_training: Array


@remembered
def affine(seeds: int = 3) -> Affine:
    """Test whether a layer in evaluation mode is affine, and whether a sample's output depends on its batch."""
    columns = zip(*(_affine(seed) for seed in range(seeds)), strict=True)
    return Affine(*(np.array(column) for column in columns))


def _affine(seed: int) -> list[float]:
    state, x = layer_states(seed)[0], first_activations(seed)
    used, once, again = (_layer(state) for _ in range(3))  # training changes a layer's state
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
    """Build bnref's layer with this state, in training mode."""
    layer = BatchNorm(len(state.gamma))
    layer.gamma, layer.beta = state.gamma.astype(float), state.beta.astype(float)
    layer.running_mean, layer.running_var = state.moving_mean.astype(float), state.moving_std.astype(float) ** 2
    return layer


def fold(model: nn.Sequential) -> nn.Sequential:
    """Return the network without its BN layers, each folded into the linear layer before or after it.

    BN right after a linear layer is folded into that layer. BN after an activation is folded into the next linear
    layer.
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
    """Return one linear layer for a linear layer and the BN after or before it."""
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
    """Comparison of trained networks in evaluation mode with their folded forms on the test images.

    `difference` (seeds,) is the largest difference of logits over the largest logit. `changed` (seeds,) counts the test
    images whose predicted class changed.
    """

    difference: Array
    changed: NDArray[np.int_]


@remembered
def folding(placement: str = "pre", seeds: int = 3) -> Folding:
    """Fold networks with BN before the activation ("pre") or after it ("post"), in float32."""
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
