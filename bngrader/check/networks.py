"""Small torch networks, made of a test's own numbers, that tell the test how they are used.

In grading, a network runs in the answer's process, which can change all of it. So a test draws the numbers itself and
keeps them, and it expects its results from a second network, which it makes of the same numbers in its own process.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

Numbers = dict[str, "NDArray[Any]"]


def watched_network(
    kind: str, mode: str, numbers: "Numbers | None" = None, note: "Callable[[str], object]" = str
) -> "torch.nn.Sequential":
    """Make a network in float64 that takes 3 features.

    `kind` selects one of the networks below; "hooked" is the plain one with its own forward hook. `mode` is
    "train", "eval", or "mixed": the network is in training mode, but its second part is in evaluation mode. `numbers`
    are its parameters and running statistics, by name. It calls `note` in each pass, with the text "with gradients" or
    "without gradients", and in each call of its hook.

    The function needs nothing around it: to make the network in another process, its source is run there.
    """
    import torch

    nn = torch.nn

    class Watched(nn.Sequential):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for part in reversed(list(self)) if kind == "backwards" else self:
                x = part(x)
            note("with gradients" if x.requires_grad else "without gradients")
            return x

    layers = {
        "plain": (nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)),
        "nested": (
            nn.Linear(3, 4),
            nn.Sequential(nn.ReLU(), nn.Sequential(nn.Linear(4, 4), nn.Tanh())),
            nn.Linear(4, 2),
        ),
        "backwards": (nn.Linear(4, 2), nn.Tanh(), nn.Linear(3, 4)),
        "far": (nn.Linear(3, 4),),
        "batch_norm": (nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU()),
        "in_place": (nn.ReLU(inplace=True), nn.Linear(3, 4), nn.ReLU(inplace=True)),
    }
    network = Watched(*layers["plain" if kind == "hooked" else kind]).double().train(mode != "eval")
    own = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    with torch.no_grad():
        for name, values in (numbers or {}).items():
            own[name].copy_(torch.tensor(values))
    if mode == "mixed":
        network[1].eval()
    if kind == "hooked":
        network[1].register_forward_hook(lambda *_: note("its own hook"))
    return network


def network_numbers(kind: str, rng: np.random.Generator | None = None) -> "Numbers":
    """Draw numbers for the parameters and running statistics of a watched network, none of them near 0."""
    rng, network = rng or np.random.default_rng(0), watched_network(kind, "eval")
    learned = dict(network.named_parameters())
    floating = {name: buffer for name, buffer in network.named_buffers() if buffer.is_floating_point()}
    numbers = {name: rng.uniform(0.1, 1.1, tuple(tensor.shape)) for name, tensor in (learned | floating).items()}
    for name in learned:
        numbers[name][::2] *= -1
    if kind == "far":
        numbers["0.bias"] += 1e6
    return numbers


def outputs_of(network: Any, x: "NDArray[Any]") -> "Numbers":
    """Run a test's own network, and return the output of each of its leaves by name, in the order in which they run."""
    import torch

    outputs: Numbers = {}

    def watch(name: str) -> Callable[..., None]:
        return lambda module, inputs, output: outputs.update({name: output.detach().numpy().copy()})

    for name, module in network.named_modules():
        if not list(module.children()):
            module.register_forward_hook(watch(name))
    with torch.no_grad():
        network(torch.tensor(x))
    return outputs


def state_of(network: Any) -> "Numbers":
    """Return a copy of the parameters and buffers of a network, by name."""
    tensors = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    return {name: tensor.detach().numpy().copy() for name, tensor in tensors.items()}


def modes_of(network: Any) -> list[bool]:
    """Return for each module of a network whether it is in training mode."""
    return [part.training for part in network.modules()]


def hooks_of(network: Any) -> list[int]:
    """Return the number of forward hooks on each module of a network."""
    return [len(part._forward_hooks) + len(part._forward_pre_hooks) for part in network.modules()]


def learning_of(network: Any) -> list[bool]:
    """Return for each parameter of a network whether it takes gradients, and for each whether it has got one."""
    parameters = list(network.parameters())
    return [p.requires_grad for p in parameters] + [p.grad is not None for p in parameters]
