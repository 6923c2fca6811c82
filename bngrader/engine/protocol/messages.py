"""The messages that processes of the engine send each other, all on one page.

A message is a dict of plain data, with a list of buffers that hold the memory of its arrays (`channel`). Values travel
as nodes (`values`), with arrays (`array_memory`) and tensors (`tensors`) among them.

The types say what an honest process sends. The student's process may send anything, so the judge reads its messages as
`Any` and checks each part where it uses it. What does not fit is a ProtocolError, which ends the conversation.
"""

from typing import Any, Literal, NotRequired, TypedDict

Node = Any  # a value as `values.Packer` packs it
Use = Literal["call", "next", "iter"]  # of an object that a test passed in
State = list[Any]  # of a random generator, as `random_state.state_of` returns it


# From the process that grades to the judge, and back.


class JobMessage(TypedDict):
    """Run the cells of a submission; those before `first` are only run again, and not reported."""

    cells: list[dict[str, Any]]  # of judge.job.CodeCell
    settings: dict[str, Any]
    allowed: list[list[str]]  # the packages that answers may use in each of the submission's processes
    first: int


class Begin(TypedDict):
    """The judge begins a cell, which takes at most so many seconds."""

    begin: int
    seconds: float


class CellReport(TypedDict):
    """The outputs of a cell, as the notebook shows them, and its number among the cells that ran."""

    cell: int
    outputs: list[dict[str, Any]]
    count: int | None


# From the judge to the student's process.


class CellRequest(TypedDict):
    """Run a cell of the notebook. The student's process sends each OutputMessage as it comes, and then CellDone."""

    op: Literal["cell"]
    file: str  # the name under which the cell is compiled
    source: str


class RandomStates(TypedDict):
    """The states of the generators that a test passed in, by number, and the global ones: "numpy" and "torch"."""

    generators: dict[str, State]
    globals: dict[str, Any]


class ArrayWrite(TypedDict):
    """A test wrote into an array that it had taken from an attribute or an entry of a student's object."""

    op: Literal["getattr", "getitem"]
    object: int
    name: Node
    value: Node


class ModuleNews(TypedDict, total=False):
    """The changes of a torch module: tensors by name, and the mode with all plain attributes."""

    tensors: dict[str, Node]
    training: bool
    attributes: dict[str, Node]
    lazy: bool  # whether it waits for its first forward pass to give its tensors a shape


class News(TypedDict):
    """Changes that the student's side has to apply before it answers the request."""

    seeds: RandomStates
    modules: dict[str, ModuleNews]
    written: list[ArrayWrite]
    hooks: dict[str, list[list[Any]]]  # of each module: the kind, and the node of a function that a test put there
    grad: bool  # whether torch computes gradients


class Request(News):
    """Do something with the student's objects. The student's process sends a Reply with the same `id`."""

    op: str  # one of student.operations.OPERATIONS
    id: int
    values: dict[str, Node]  # the operation's arguments
    object: NotRequired[int]  # what the operation is about
    name: NotRequired[str]
    code: NotRequired[bytes]  # "make": a module with one function, as `marshal` writes compiled code
    deep: NotRequired[bool]  # "copy"
    call: NotRequired[int]  # "gradients": the `id` of the call that returned the tensor
    slots: NotRequired[list[tuple[int, str]]]  # "gradients": the parameters of modules


class Returned(TypedDict):
    """The answer to an Ask: the value that the test's object returned."""

    value: Node


class Stopped(TypedDict):
    """The answer to an Ask: the test's iterator has no more items."""

    stop: Literal[True]


class Raised(TypedDict):
    """The answer to an Ask: the test's function raised an exception, which the judge keeps under a number."""

    error: str
    raised: int


# From the student's process to the judge.


class OutputMessage(TypedDict):
    """An output of a cell, or text that was printed while a test called the answer."""

    kind: Literal["output"]
    output: dict[str, Any]


class ForbiddenName(TypedDict):
    """The submission reached for something that it may not use."""

    kind: Literal["forbidden"]
    name: str


class CellDone(TypedDict):
    """A cell has ended; `names` are all that the notebook has defined so far."""

    kind: Literal["done"]
    count: int
    names: list[str]
    error: str | None


class Ask(TypedDict):
    """The answer uses something that a test passed in. The judge sends Returned, Stopped or Raised."""

    kind: Literal["ask"]
    op: Use
    number: int
    value: Node


class ErrorDescription(TypedDict):
    """An exception of the student's code."""

    types: list[str]  # the names of its class and of those that it inherits from
    text: str
    args: list[Any]
    whole: bool  # whether `args` are all of its arguments
    frames: list[list[Any]]  # file, line and function, the innermost last
    raised: int | None  # the number of the test's own exception, if this is one


class Reply(TypedDict):
    """The result of a Request: a value or an error, and everything that changed meanwhile."""

    kind: Literal["reply"]
    id: int
    value: NotRequired[Node]
    error: NotRequired[ErrorDescription]
    warnings: NotRequired[list[list[str]]]  # category and text of each
    args: NotRequired[Node]  # the arguments, if the call replaced a part of a list, a dict or the like
    changed: NotRequired[dict[str, Node]]  # the memory of arguments, by number of the buffer
    generators: NotRequired[dict[str, State]]
    modules: NotRequired[dict[str, ModuleNews]]
    hooks: NotRequired[dict[str, list[int]]]  # of each module: how many the answer left, after and before forward


Message = (
    JobMessage | Begin | CellReport | CellRequest | Request | Returned | Stopped | Raised
    | OutputMessage | ForbiddenName | CellDone | Ask | Reply
)  # fmt: skip
