"""The state of the torch modules that both sides hold, and its changes since the other side was last told.

A module's state is its parameters and buffers with their gradients, its mode, and its plain attributes. A lazy module
has tensors without a shape until its first forward pass, after which it becomes a module of another class.
"""

import sys
from collections.abc import Iterator
from typing import Any

from bngrader.engine.errors import ProtocolError
from bngrader.engine.protocol.messages import ModuleNews
from bngrader.engine.protocol.values import Packer, Unpacker

PLAIN = (type(None), bool, int, float, str)
LAZY_KINDS = ("UninitializedParameter", "UninitializedBuffer")
MAX_MODULES = 5000  # of one submission
HOOKS = "_forward_hooks", "_forward_pre_hooks"  # where torch keeps the hooks that run after and before forward


def internal(torch: Any) -> set[str]:
    """Return the names in a module's `__dict__` that belong to torch, or to the judge."""
    return set(vars(torch.nn.Module())) | {"_student"}


def is_module(value: Any) -> bool:
    """Return whether a value is a torch module. Does not import torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.nn.Module)


def is_plain(value: Any) -> bool:
    """Return whether an attribute is a number, a string, None, or a tuple or a list of these."""
    return isinstance(value, PLAIN) or (isinstance(value, tuple | list) and all(isinstance(v, PLAIN) for v in value))


def attributes(module: Any) -> dict[str, Any]:
    """Return the plain attributes of a module."""
    hidden = internal(sys.modules["torch"])
    return {name: value for name, value in vars(module).items() if name not in hidden and is_plain(value)}


def is_lazy(tensor: Any) -> bool:
    """Return whether a tensor has no shape yet, as the parameters of lazy modules."""
    return bool(sys.modules["torch"].nn.parameter.is_lazy(tensor))


def lazy_tensor(kind: Any) -> Any:
    """Make a tensor without a shape, of one of LAZY_KINDS."""
    if kind not in LAZY_KINDS:
        raise ProtocolError("a tensor without a shape is of an unknown kind")
    return getattr(sys.modules["torch"].nn.parameter, kind)()


def slots(module: Any) -> Iterator[tuple[str, Any]]:
    """Yield name and tensor of the parameters and buffers of a module itself."""
    yield from ((name, tensor) for name, tensor in module._parameters.items() if tensor is not None)
    yield from ((name, tensor) for name, tensor in module._buffers.items() if tensor is not None)


class ModuleTable:
    """The modules that both sides hold, by number."""

    def __init__(self) -> None:
        self.modules: dict[int, Any] = {}
        self._told: dict[tuple[int, str], Any] = {}

    def add(self, number: int, module: Any) -> None:
        """Hold a module whose present state both sides know. Raises ProtocolError if there are too many."""
        if len(self.modules) >= MAX_MODULES:
            raise ProtocolError("too many modules")
        self.modules[number] = module
        for name, tensor in slots(module):
            self._told[number, name] = _copy(tensor)
        self._told[number, ""] = self._rest(module)

    def _rest(self, module: Any) -> Any:
        return bool(module.training), repr(sorted(attributes(module).items())), _wait_for_shapes(module)

    def news(self, packer: Packer) -> dict[str, ModuleNews]:
        """Return the changes that the other side does not know yet, and note that it will now."""
        found = {str(number): self._changes(number, module, packer) for number, module in self.modules.items()}
        return {number: changes for number, changes in found.items() if changes}

    def _changes(self, number: int, module: Any, packer: Packer) -> ModuleNews:
        changes: ModuleNews = {}
        known = [(n, t) for n, t in slots(module) if not is_lazy(t)]
        tensors = [(n, t) for n, t in known if not _same(self._told.get((number, n)), t)]
        if tensors:
            changes["tensors"] = {name: packer.pack(tensor) for name, tensor in tensors}
            self._told.update({(number, name): _copy(tensor) for name, tensor in tensors})
        rest = self._rest(module)
        if rest != self._told[number, ""]:
            self._told[number, ""] = rest
            plain = {name: packer.pack(value) for name, value in attributes(module).items()}
            changes["training"], changes["attributes"], changes["lazy"] = rest[0], plain, rest[2]
        return changes

    def apply(self, news: Any, unpacker: Unpacker) -> None:
        """Take over the changes that the other side sent. Raises ProtocolError if they fit no module."""
        for number, changes in dict(news or {}).items():
            module = self.modules.get(int(number))
            if module is None:
                raise ProtocolError("a change of an unknown module")
            for name, node in dict(changes.get("tensors") or {}).items():
                self._set(int(number), module, str(name), unpacker.unpack(node))
            if "training" in changes:
                vars(module)["training"] = changes["training"] is True
                set_attributes(module, changes.get("attributes"), unpacker)
                if changes.get("lazy") is False:
                    _stop_waiting(module)
                self._told[int(number), ""] = self._rest(module)

    def _set(self, number: int, module: Any, name: str, new: Any) -> None:
        torch = sys.modules["torch"]
        group = module._parameters if name in module._parameters else module._buffers
        if not isinstance(new, torch.Tensor) or group.get(name) is None:
            raise ProtocolError("a change of an unknown tensor")
        old, value = group[name], new.detach()
        if is_lazy(old):
            old.materialize(value.shape, dtype=value.dtype)
        if old.shape == value.shape and old.dtype == value.dtype:
            with torch.no_grad():
                old.copy_(value)
        else:
            old.data = value.clone()
        if old.is_leaf:
            old.requires_grad_(new.requires_grad)
            old.grad = new.grad
        self._told[number, name] = _copy(old)


def register_hook(module: Any, kind: str, hook: Any) -> Any:
    """Put a hook of one of the kinds in HOOKS on a module, and return the handle that removes it."""
    add = module.register_forward_hook if kind == HOOKS[0] else module.register_forward_pre_hook
    return add(hook)


def set_attributes(module: Any, nodes: Any, unpacker: Unpacker) -> None:
    """Set the plain attributes of a module, but none that would hide a method of its class."""
    hidden = internal(sys.modules["torch"])
    for name, node in dict(nodes or {}).items():
        value = unpacker.unpack(node)
        if not isinstance(name, str) or not name.isidentifier() or name in hidden or not is_plain(value):
            raise ProtocolError("an attribute of a module is malformed")
        if not callable(getattr(type(module), name, None)) and not name.startswith("__"):
            vars(module)[name] = value


def _wait_for_shapes(module: Any) -> bool:
    return "_load_hook" in vars(module)  # hasattr would ask the student's side


def wait_for_shapes(module: Any) -> None:
    """Let `load_state_dict` give shapes to the tensors of a lazy module that its constructor has not made."""
    module._load_hook = module._register_load_state_dict_pre_hook(module._lazy_load_hook)


def _stop_waiting(module: Any) -> None:
    """Make a lazy module what its first forward pass has made of the one on the other side."""
    kind, becomes = type(module), getattr(type(module), "cls_to_become", None)
    if not _wait_for_shapes(module):
        return
    module._load_hook.remove()
    del module._load_hook
    if "_initialize_hook" in vars(module):
        module._initialize_hook.remove()
        del module._initialize_hook
    lazy = sys.modules["torch"].nn.modules.lazy.LazyModuleMixin
    if becomes is not None:
        bases = tuple(becomes if issubclass(base, lazy) else base for base in kind.__bases__)
        module.__class__ = becomes if becomes in kind.__bases__ else type(kind.__name__, bases, {})


def _copy(tensor: Any) -> Any:
    if is_lazy(tensor):
        return None
    grad = tensor.grad.detach().clone() if tensor.is_leaf and tensor.grad is not None else None
    return tensor.detach().clone(), grad, tensor.requires_grad


def _same(told: Any, tensor: Any) -> bool:
    if told is None:
        return False
    value, grad, requires_grad = told
    now = tensor.grad if tensor.is_leaf else None
    return (
        requires_grad == tensor.requires_grad
        and _equal(value, tensor)
        and (grad is None) == (now is None)
        and (grad is None or _equal(grad, now))
    )


def _equal(a: Any, b: Any) -> bool:
    torch = sys.modules["torch"]
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    return bool(torch.equal(a, b) or (a.is_floating_point() and torch.equal(a.nan_to_num(), b.detach().nan_to_num())))
