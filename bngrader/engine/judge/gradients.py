"""On the judge's side: gradients through a call into the answer.

The call's result is joined to the judge's graph, and `backward` asks the student's side for the gradients.
"""

import functools
import sys
from collections.abc import Callable
from typing import Any


def attach(
    request: Callable[..., Any],
    call: int,
    tensors: list[Any],
    parameters: list[tuple[int, str, Any]],
    result: tuple[Any, int],
) -> Any:
    """Return the tensor that a call returned, as a function of what it depends on.

    That is `tensors`, which were passed to the call, and the student's own `parameters`. `result` is the tensor, and
    the number under which the student's side keeps the tensor with its graph.
    """
    tensor, graph = result
    inputs = [*tensors, *(parameter for _, _, parameter in parameters)]
    slots = [[number, name] for number, name, _ in parameters]
    if not inputs or not sys.modules["torch"].is_grad_enabled():
        return tensor

    def ask(grad: Any) -> list[Any]:
        found = request("gradients", call=call, object=graph, slots=slots, values={"grad": grad})
        return [_fitting(one, like) for one, like in zip(found, inputs, strict=True)]

    return _bridge().apply(ask, tensor.detach(), *inputs)


def _fitting(grad: Any, like: Any) -> Any:
    """Return a gradient if it fits its tensor. Raises ValueError if not."""
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
