"""A torch module of the student's: described on its side, and a real module on the judge's.

A module whose class is torch's own is rebuilt as it is, and runs in the judge. One of a class of the student's own gets
a class whose `forward` is a call; its parameters and its parts are there, so that `modules()`, `parameters()`,
optimizers and `backward` work.
"""

import sys
from collections.abc import Callable
from typing import Any

from bngrader.engine.errors import ProtocolError
from bngrader.engine.protocol.module_state import Table, attributes, internal, is_plain, set_attributes, slots
from bngrader.engine.protocol.values import Packer, Unpacker

HOOKS = "_forward_hooks", "_forward_pre_hooks"
OTHER_HOOKS = "_backward_hooks", "_backward_pre_hooks"


# The student's side.


def describe_module(module: Any, table: Table, number_of: Callable[[Any], int], packer: Packer) -> list[Any]:
    """The node of a module: `["M", number]`, with a description the first time that the judge hears of it."""
    number = number_of(module)
    if number in table.modules:
        return ["M", number]
    table.add(number, module)
    ours = [kind for kind in type(module).__mro__ if kind.__module__.startswith("torch.nn.modules.")]
    native = ours[:1] == [type(module)] and _is_simple(module)
    described = {
        "class": ours[0].__name__ if ours else "Module",
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
    return [name, None, None] if tensor is None else [name, number_of(tensor), packer.pack(tensor)]


def _is_simple(module: Any) -> bool:
    """Whether a module is no more than its class, its plain attributes, its tensors and its parts."""
    extra = set(vars(module)) - internal(sys.modules["torch"])
    hooked = any(getattr(module, name, None) for name in (*HOOKS, *OTHER_HOOKS))
    return "forward" not in extra and not hooked and all(is_plain(vars(module)[name]) for name in extra)


# The judge's side.


class Mirrors:
    """The judge's modules that stand for the student's."""

    def __init__(self, remote: Any) -> None:
        self.remote, self.table = remote, Table()
        self._tensors: dict[int, Any] = {}

    def number(self, module: Any) -> int | None:
        """The number of the student's module for which one of the judge's stands."""
        return next((number for number, mirror in self.table.modules.items() if mirror is module), None)

    def adopt(self, body: list[Any], unpacker: Unpacker) -> Any:
        """The module of a node's body."""
        number = body[0]
        if type(number) is not int:
            raise ProtocolError("a module has no number")
        if number not in self.table.modules:
            module = self._make(body[1])
            self._fill(module, body[1], unpacker)
            vars(module)["_student"] = (self.remote, number)  # from here on it may ask the student's side
            self.table.add(number, module)
        return self.table.modules[number]

    def _make(self, described: dict[str, Any]) -> Any:
        torch = sys.modules["torch"]
        base = getattr(torch.nn, str(described["class"]), None)
        if not (isinstance(base, type) and issubclass(base, torch.nn.Module)):
            base = torch.nn.Module
        kind: Any = base
        if described["native"] is not True:
            name = "".join(c for c in str(described["name"]) if c.isalnum() or c == "_")
            kind = type(name or "Module", (StudentModule, base), {})
        module = kind.__new__(kind)
        torch.nn.Module.__init__(module)
        return module

    def _fill(self, module: Any, described: dict[str, Any], unpacker: Unpacker) -> None:
        torch = sys.modules["torch"]
        vars(module)["training"] = described["training"] is True
        set_attributes(module, described["attributes"], unpacker)
        for name, number, node in described["parameters"]:
            tensor = self._tensor(number, node, unpacker)
            made = tensor if tensor is None or isinstance(tensor, torch.nn.Parameter) else _parameter(torch, tensor)
            module.register_parameter(str(name), made)
            if made is not None:
                self._tensors[number] = made
        for name, number, node in described["buffers"]:
            module.register_buffer(str(name), self._tensor(number, node, unpacker), name not in described["transient"])
        for name, node in described["modules"]:
            part = None if node is None else unpacker.unpack(node)
            if part is not None and not isinstance(part, torch.nn.Module):
                raise ProtocolError("a part of a module is none")
            module._modules[str(name)] = part

    def _tensor(self, number: Any, node: Any, unpacker: Unpacker) -> Any:
        if number is None:
            return None
        if number not in self._tensors:
            self._tensors[number] = unpacker.unpack(node)
        if not isinstance(self._tensors[number], sys.modules["torch"].Tensor):
            raise ProtocolError("a parameter of a module is none")
        return self._tensors[number]

    def parameters(self) -> list[tuple[int, str, Any]]:
        """The parameters of all modules that take gradients: number of the module, name, tensor."""
        found = [(number, *slot) for number, module in self.table.modules.items() for slot in slots(module)]
        return [slot for slot in found if slot[2].requires_grad and slot[2].is_leaf]

    def hooks(self) -> dict[str, list[Any]]:
        """The forward hooks that tests have put on modules."""
        found = {}
        for number, module in self.table.modules.items():
            listed = [
                [kind, hook] for kind in HOOKS for hook in getattr(module, kind).values() if hook is not left_over
            ]
            if listed:
                found[str(number)] = listed
        return found

    def leave_hooks(self, counts: Any) -> None:
        """Show a test the forward hooks that the answer has left on its modules: as many that do nothing."""
        for number, (after, before) in dict(counts or {}).items():
            module = self.table.modules[int(number)]
            for kind, count in zip(HOOKS, (after, before), strict=True):
                hooks = getattr(module, kind)
                for key in [key for key, hook in hooks.items() if hook is left_over]:
                    del hooks[key]
                for _ in range(min(int(count), 100)):
                    _register(module, kind, left_over)


def left_over(*arguments: Any) -> None:
    """Stands for a hook that the answer has left."""


def _register(module: Any, kind: str, hook: Any) -> Any:
    add = module.register_forward_hook if kind == HOOKS[0] else module.register_forward_pre_hook
    return add(hook)


def _parameter(torch: Any, tensor: Any) -> Any:
    parameter = torch.nn.Parameter(tensor.detach(), tensor.requires_grad)
    parameter.grad = tensor.grad
    return parameter


class StudentModule:
    """What makes a module of the judge's run in the student's process."""

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """One call of the student's `forward`."""
        remote, number = vars(self)["_student"]
        return remote.request("forward", object=number, values={"args": (args, kwargs)})

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)  # type: ignore[misc]
        except AttributeError:
            if name.startswith("__") or "_student" not in vars(self):
                raise
        remote, number = vars(self)["_student"]
        return remote.request("getattr", object=number, name=name)

    def __deepcopy__(self, memo: Any) -> Any:
        remote, number = vars(self)["_student"]
        return remote.request("copy", object=number, deep=True)

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError("a module of the submission's cannot be pickled")


class Shipped:
    """On the student's side: the hooks that tests have put on modules, which call back."""

    def __init__(self) -> None:
        self._handles: list[Any] = []
        self._shown: Any = None

    def set(self, hooks: Any, table: Table, resolve: Callable[[list[Any]], Any]) -> None:
        """Make the hooks those that the judge has now."""
        if hooks == self._shown:
            return
        for handle in self._handles:
            handle.remove()
        self._shown = hooks
        self._handles = [
            _register(table.modules[int(number)], kind, resolve(node))
            for number, listed in hooks.items()
            for kind, node in listed
        ]

    def left(self, table: Table) -> dict[str, list[int]]:
        """How many hooks each module has besides: after and before forward."""
        ours = {handle.id for handle in self._handles}
        counts = {n: [len(set(getattr(m, kind)) - ours) for kind in HOOKS] for n, m in table.modules.items()}
        return {str(number): count for number, count in counts.items()}
