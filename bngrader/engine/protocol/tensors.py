"""Torch tensors as nodes: `["T", dtype, array, requires_grad, grad, graph, number]`.

`graph` is the number under which the student's side keeps a tensor that has a graph, for its gradients. `number` is the
number of any tensor that takes gradients: the judge sends it back by this number, so that a cache keeps its graph.
"""

import sys
from typing import Any

from bngrader.engine.errors import ProtocolError
from bngrader.engine.protocol.messages import Node
from bngrader.engine.protocol.values import Packer, Unpacker

AS_INTEGERS = {"bfloat16": "int16"}  # NumPy has no bfloat16


def is_tensor(value: Any) -> bool:
    """Return whether a value is a tensor. Does not import torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def tensors_in(value: Any) -> list[Any]:
    """Return the tensors with gradients in lists, tuples and dicts, in the same order on both sides."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [tensor for part in value for tensor in tensors_in(part)]
    return [value] if is_tensor(value) and value.requires_grad else []


def pack_tensor(packer: Packer, tensor: Any, graph: int | None = None, number: int | None = None) -> Node:
    """Return the node of a dense tensor in the CPU's memory. Raises TypeError for any other tensor."""
    torch = sys.modules["torch"]
    if tensor.layout is not torch.strided or tensor.device.type != "cpu" or tensor.is_quantized:
        raise TypeError("only a dense tensor on the CPU can be sent")
    name = str(tensor.dtype).removeprefix("torch.")
    grad = packer.pack(tensor.grad) if tensor.is_leaf and tensor.grad is not None else None
    return ["T", name, packer.arrays.add(as_array(tensor)), bool(tensor.requires_grad), grad, graph, number]


def as_array(tensor: Any) -> Any:
    """Return an array on the memory of a tensor."""
    torch = sys.modules["torch"]
    plain = torch.Tensor.detach(tensor).resolve_conj().resolve_neg()
    name = str(plain.dtype).removeprefix("torch.")
    if name in AS_INTEGERS:
        plain = plain.view(getattr(torch, AS_INTEGERS[name]))
    return plain.numpy()


def unpack_tensor(unpacker: Unpacker, body: list[Any]) -> Any:
    """Return the tensor of a node's body, as a leaf with its gradient. Raises ProtocolError if it is malformed."""
    torch = sys.modules.get("torch")
    name, node, requires_grad, grad, *_ = body
    dtype = getattr(torch, str(name), None)
    if torch is None or not isinstance(dtype, torch.dtype) or not isinstance(node, list) or node[:1] != ["n"]:
        raise ProtocolError("a message holds a tensor of an unknown dtype")
    array = unpacker.array(node[1:])
    # Torch has no negative strides, and takes for granted that memory is aligned and that items do not overlap halfway.
    if not array.flags.writeable or not array.flags.aligned or any(s < 0 or s % array.itemsize for s in array.strides):
        array = array.copy()
    try:
        tensor = torch.from_numpy(array)
        if tensor.dtype is not getattr(torch, AS_INTEGERS.get(str(name), str(name))):
            raise ProtocolError("a message holds a tensor whose array is of another dtype")
        tensor = tensor.view(dtype)
        tensor.requires_grad_(requires_grad is True)
        if grad is not None:
            tensor.grad = unpacker.unpack(grad)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ProtocolError(f"a message holds a malformed tensor: {error}") from error
    return tensor
