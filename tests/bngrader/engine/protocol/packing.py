"""Functions that pack and unpack tensors in tests, without a process on the other side."""

import torch

from bngrader.engine.errors import ProtocolError
from bngrader.engine.protocol.tensors import pack_tensor, unpack_tensor


def export(value, packer):
    if isinstance(value, torch.Tensor):
        return pack_tensor(packer, value)
    raise TypeError(type(value).__name__)


def resolve(tag, body, unpacker):
    if tag == "T":
        return unpack_tensor(unpacker, body)
    raise ProtocolError(tag)
