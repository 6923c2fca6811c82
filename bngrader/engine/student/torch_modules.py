"""On the student's side: describe torch modules to the judge, and run the hooks that tests have put on them."""

import sys
from collections.abc import Callable
from typing import Any

from bngrader.engine.protocol.module_state import (
    HOOKS,
    ModuleTable,
    attributes,
    internal,
    is_lazy,
    is_plain,
    register_hook,
)
from bngrader.engine.protocol.values import Packer

BACKWARD_HOOKS = "_backward_hooks", "_backward_pre_hooks"


def describe_module(module: Any, table: ModuleTable, number_of: Callable[[Any], int], packer: Packer) -> list[Any]:
    """Return the node of a module: `["M", number]`, and a description if the judge does not know it yet."""
    number = number_of(module)
    if number in table.modules:
        return ["M", number]
    table.add(number, module)
    torch_classes = [kind for kind in type(module).__mro__ if kind.__module__.startswith("torch.nn.modules.")]
    native = torch_classes[:1] == [type(module)] and _is_simple(module) and not _has_lazy_tensors(module)
    described = {
        "class": torch_classes[0].__name__ if torch_classes else "Module",
        "name": type(module).__name__[:80],
        "native": native,
        "training": bool(module.training),
        "attributes": {name: packer.pack(value) for name, value in attributes(module).items()} if native else {},
        "parameters": [_slot(n, t, number_of, packer) for n, t in module._parameters.items()],
        "buffers": [_slot(n, t, number_of, packer) for n, t in module._buffers.items()],
        "transient": sorted(module._non_persistent_buffers_set),
        "modules": [[n, m if m is None else packer.pack(m)] for n, m in module._modules.items()],
    }
    return ["M", number, described]


def _slot(name: str, tensor: Any, number_of: Callable[[Any], int], packer: Packer) -> list[Any]:
    if tensor is None:
        return [name, None, None]
    return [name, number_of(tensor), ["lazy", type(tensor).__name__] if is_lazy(tensor) else packer.pack(tensor)]


def _has_lazy_tensors(module: Any) -> bool:
    """Return whether a forward pass gives shapes to some tensors: it then has to run in this process."""
    return any(is_lazy(tensor) for tensor in (*module.parameters(), *module.buffers()))


def _is_simple(module: Any) -> bool:
    """Return whether a module is no more than its class, its plain attributes, its tensors and its submodules."""
    extra = set(vars(module)) - internal(sys.modules["torch"])
    hooked = any(getattr(module, name, None) for name in (*HOOKS, *BACKWARD_HOOKS))
    return "forward" not in extra and not hooked and all(is_plain(vars(module)[name]) for name in extra)


class ShippedHooks:
    """The forward hooks that tests have put on modules; each calls back into the judge."""

    def __init__(self) -> None:
        self._handles: list[Any] = []
        self._shown: Any = None

    def set(self, hooks: Any, table: ModuleTable, resolve: Callable[[list[Any]], Any]) -> None:
        """Replace the hooks by those that the judge has now."""
        if hooks == self._shown:
            return
        for handle in self._handles:
            handle.remove()
        self._shown = hooks
        self._handles = [
            register_hook(table.modules[int(number)], kind, resolve(node))
            for number, listed in hooks.items()
            for kind, node in listed
        ]

    def others(self, table: ModuleTable) -> dict[str, list[int]]:
        """Count the hooks of each module that the answer has put there itself: after and before forward."""
        own = {handle.id for handle in self._handles}
        own |= {module._initialize_hook.id for module in table.modules.values() if hasattr(module, "_initialize_hook")}
        counts = {n: [len(set(getattr(m, kind)) - own) for kind in HOOKS] for n, m in table.modules.items()}
        return {str(number): count for number, count in counts.items()}
