"""Gradients through a call: its result is joined to the judge's graph, and `backward` asks for the gradients."""

import functools
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bngrader.engine.judge.call import Call
    from bngrader.engine.judge.remote import Remote


def attach(remote: "Remote", call: "Call", tensor: Any, graph: int) -> Any:
    """The tensor that a call returned, as a function of the tensors it was given and of the student's parameters."""
    parameters = remote.mirrors.parameters()
    inputs = [*call.tensors, *(tensor for _, _, tensor in parameters)]
    slots = [[number, name] for number, name, _ in parameters]
    if not inputs or not sys.modules["torch"].is_grad_enabled():
        return tensor

    def ask(grad: Any) -> list[Any]:
        given = remote.request("gradients", call=call.number, object=graph, slots=slots, values={"grad": grad})
        return [_fitting(one, like) for one, like in zip(given, inputs, strict=True)]

    return _bridge().apply(ask, tensor.detach(), *inputs)


def _fitting(grad: Any, like: Any) -> Any:
    """A gradient, if it is one for the tensor. Raises ValueError."""
    if grad is not None and (not isinstance(grad, type(like.detach())) or grad.shape != like.shape):
        raise ValueError("the submission's process sent a gradient that does not fit its tensor")
    return grad


@functools.cache
def _bridge() -> Any:
    torch = sys.modules["torch"]

    class Bridge(torch.autograd.Function):  # type: ignore[name-defined]
        """A call, as a step of the judge's graph."""

        @staticmethod
        def forward(ctx: Any, ask: Any, value: Any, *inputs: Any) -> Any:
            ctx.ask = ask
            return value.clone()

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return None, None, *ctx.ask(grad)

    return Bridge
