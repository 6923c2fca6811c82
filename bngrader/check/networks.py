"""Small torch networks that record how they are used, for tests of functions that take a network."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray


def watched_network(kind: str, mode: str = "train", seed: int = 0) -> "torch.nn.Sequential":
    """Make a network in float64 that takes 3 features.

    `kind` selects one of the networks below; "hooked" is the plain one with a forward hook of its own. `mode` is
    "train", "eval", or "mixed": the network is in training mode, but its second part is in evaluation mode. Its method
    `passes()` lists what happened to it: for each pass whether gradients were on, and each call of its own hook.

    The function needs nothing around it: to make the network in another process, its source is run there.
    """
    import torch

    nn, noted = torch.nn, []

    class Watched(nn.Sequential):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            noted.append("with gradients" if torch.is_grad_enabled() else "without gradients")
            for part in reversed(list(self)) if kind == "backwards" else self:
                x = part(x)
            return x

        def passes(self) -> list[str]:
            return list(noted)

        def state(self) -> dict[str, "NDArray[Any]"]:
            tensors = {**dict(self.named_parameters()), **dict(self.named_buffers())}
            return {name: tensor.detach().numpy().copy() for name, tensor in tensors.items()}

        def modes(self) -> list[bool]:
            return [part.training for part in self.modules()]

        def hooks(self) -> list[int]:
            return [len(part._forward_hooks) + len(part._forward_pre_hooks) for part in self.modules()]

        def learning(self) -> list[bool]:
            return [p.requires_grad for p in self.parameters()] + [p.grad is not None for p in self.parameters()]

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
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in [*network.parameters(), *(b for b in network.buffers() if b.is_floating_point())]:
            tensor.copy_(torch.rand(tensor.shape, generator=generator, dtype=torch.float64) + 0.1)
            tensor[::2] *= -1 if tensor.requires_grad else 1
        if kind == "far":
            network.get_parameter("0.bias").add_(1e6)
    if mode == "mixed":
        network[1].eval()
    if kind == "hooked":
        network[1].register_forward_hook(lambda *_: noted.append("its own hook"))
    return network
