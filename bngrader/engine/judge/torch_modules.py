"""On the judge's side: a real torch module for each of the student's.

A module whose class is torch's own is rebuilt as it is, and runs in the judge. A module whose class the student wrote
gets a class whose `forward` is a request; its parameters and submodules are real, so that `modules()`, `parameters()`,
optimizers and `backward` work.
"""

import sys
from collections.abc import Callable
from typing import Any

from bngrader.engine.errors import ProtocolError
from bngrader.engine.protocol.module_state import (
    HOOKS,
    ModuleTable,
    is_lazy,
    register_hook,
    set_attributes,
    slots,
    wait_for_shapes,
)
from bngrader.engine.protocol.values import Unpacker

MAX_HOOKS = 100  # of one kind that an answer leaves on a module and that a test is shown


class Mirrors:
    """The judge's modules, each of which mirrors one of the student's. `request` asks the student's process."""

    def __init__(self, request: Callable[..., Any]) -> None:
        self.request, self.table = request, ModuleTable()
        self._tensors: dict[int, Any] = {}

    def number(self, module: Any) -> int | None:
        """Return the number of the student's module that `module` mirrors, or None."""
        return next((number for number, mirror in self.table.modules.items() if mirror is module), None)

    def adopt(self, body: list[Any], unpacker: Unpacker) -> Any:
        """Return the module of a node's body, and make it if it is new."""
        number = body[0]
        if type(number) is not int:
            raise ProtocolError("a module has no number")
        if number not in self.table.modules:
            module = self._make(body[1])
            self._fill(module, body[1], unpacker)
            vars(module)["_student"] = (self.request, number)  # from here on it may ask the student's side
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
        if issubclass(base, torch.nn.modules.lazy.LazyModuleMixin):
            wait_for_shapes(module)
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
                raise ProtocolError("a submodule is not an nn.Module")
            module._modules[str(name)] = part

    def _tensor(self, number: Any, node: Any, unpacker: Unpacker) -> Any:
        if number is None:
            return None
        if number not in self._tensors:
            self._tensors[number] = unpacker.unpack(node)
        if not isinstance(self._tensors[number], sys.modules["torch"].Tensor):
            raise ProtocolError("a parameter of a module is not a tensor")
        return self._tensors[number]

    def parameters(self) -> list[tuple[int, str, Any]]:
        """Return the parameters of all modules that take gradients: number of the module, name, tensor."""
        found = [(number, *slot) for number, module in self.table.modules.items() for slot in slots(module)]
        return [slot for slot in found if slot[2].requires_grad and slot[2].is_leaf and not is_lazy(slot[2])]

    def hooks(self) -> dict[str, list[Any]]:
        """Return the forward hooks that tests have put on modules."""
        found = {}
        for number, module in self.table.modules.items():
            listed = [
                [kind, hook] for kind in HOOKS for hook in getattr(module, kind).values() if hook is not left_over
            ]
            if listed:
                found[str(number)] = listed
        return found

    def show_left_hooks(self, counts: Any) -> None:
        """Show a test how many forward hooks the answer has left on its modules: as many that do nothing."""
        for number, (after, before) in dict(counts or {}).items():
            module = self.table.modules[int(number)]
            for kind, count in zip(HOOKS, (after, before), strict=True):
                hooks = getattr(module, kind)
                for key in [key for key, hook in hooks.items() if hook is left_over]:
                    del hooks[key]
                for _ in range(min(int(count), MAX_HOOKS)):
                    register_hook(module, kind, left_over)


def left_over(*arguments: Any) -> None:
    """Do nothing, in the place of a hook that the answer has left."""


def _parameter(torch: Any, tensor: Any) -> Any:
    parameter = torch.nn.Parameter(tensor.detach(), tensor.requires_grad)
    parameter.grad = tensor.grad
    return parameter


class StudentModule:
    """A mixin that makes a module of the judge's run in the student's process."""

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the student's `forward`."""
        request, number = vars(self)["_student"]
        return request("forward", object=number, values={"args": (args, kwargs)})

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)  # type: ignore[misc]
        except AttributeError:
            if name.startswith("__") or "_student" not in vars(self):
                raise
        request, number = vars(self)["_student"]
        return request("getattr", object=number, name=name)

    def __deepcopy__(self, memo: Any) -> Any:
        request, number = vars(self)["_student"]
        return request("copy", object=number, deep=True)

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError("a module of the submission cannot be pickled")
