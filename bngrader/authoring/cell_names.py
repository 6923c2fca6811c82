"""The parts of a test cell's expressions: the names that they read, and the objects that they pass on."""

import ast
from collections.abc import Mapping

FRESH = {
    "astype",
    "copy",
    "integers",
    "normal",
    "uniform",
    "permutation",
    "tolist",
    "mean",
    "std",
    "var",
    "sum",
    "item",
}
LAZY = {"iter", "map", "zip", "filter", "reversed", "enumerate"}
FORMS = {"shape", "dtype", "ndim", "size"}  # an answer cannot change these of the test's own array


def loads(part: ast.AST) -> set[str]:
    """Return the names that an expression reads, without the names of which it reads only the form, as in `x.shape`."""
    if isinstance(part, ast.Attribute) and part.attr in FORMS and isinstance(part.value, ast.Name):
        return set()
    if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id == "len":
        return set()
    if isinstance(part, ast.Name):
        return {part.id} if isinstance(part.ctx, ast.Load) else set()
    return set[str]().union(*map(loads, ast.iter_child_nodes(part)))


def aliases(part: ast.expr, helpers: Mapping[str, ast.FunctionDef]) -> set[str]:
    """Return the names of the objects that are still the same objects, or views of them, in the value of an expression.

    `x`, `x[0]`, `x.T`, `[x]` and `iter(x)` pass x on; `x + 1` and `x.copy()` make something new. `helpers` are the
    functions of the cell; one that yields passes its arguments on.
    """
    if isinstance(part, ast.Name):
        return {part.id}
    if isinstance(part, ast.Starred | ast.Subscript | ast.Attribute):
        return aliases(part.value, helpers)
    if isinstance(part, ast.Tuple | ast.List | ast.Set):
        return set[str]().union(*(aliases(item, helpers) for item in part.elts))
    if isinstance(part, ast.Dict):
        return set[str]().union(*(aliases(item, helpers) for item in part.values))
    if isinstance(part, ast.IfExp):
        return aliases(part.body, helpers) | aliases(part.orelse, helpers)
    if isinstance(part, ast.GeneratorExp | ast.ListComp):
        inner = set[str]().union(*(aliases(loop.iter, helpers) for loop in part.generators))
        own = set[str]().union(*(bound(loop.target) for loop in part.generators))
        passed = aliases(part.elt, helpers)
        return (passed - own) | (inner if passed & own else set())
    if isinstance(part, ast.Call):
        return _of_call(part, helpers)
    return set()


def _of_call(part: ast.Call, helpers: Mapping[str, ast.FunctionDef]) -> set[str]:
    if isinstance(part.func, ast.Attribute):
        owner = aliases(part.func.value, helpers)
        return set() if owner & {"np", "torch"} or part.func.attr in FRESH else owner
    name = part.func.id if isinstance(part.func, ast.Name) else ""
    lazy = name in helpers and any(isinstance(node, ast.Yield) for node in ast.walk(helpers[name]))
    passes = name in LAZY | {"list", "tuple"} or lazy
    return set[str]().union(*(aliases(item, helpers) for item in part.args)) if passes else set()


def bound(target: ast.expr) -> set[str]:
    """Return the names that a loop binds."""
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def is_draw(part: ast.AST) -> bool:
    """Return whether an expression draws from `hidden_rng`, or from the generator `rng` that it made."""
    return bool(loads(part) & {"rng", "hidden_rng"})


def largest_number(part: ast.AST) -> int:
    """Return the largest whole number in the calls that make arrays in an expression, such as `np.arange(2000)`."""
    makers = [node for node in ast.walk(part) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    numbers = [
        abs(number.value)
        for node in makers
        if isinstance(node.func, ast.Attribute) and node.func.attr in MAKERS
        for size in (node.args[1:] if node.func.attr == "tile" else node.args)
        for number in ast.walk(size)
        if isinstance(number, ast.Constant) and isinstance(number.value, int) and not isinstance(number.value, bool)
    ]
    return max(numbers, default=0)


MAKERS = {"arange", "zeros", "ones", "full", "tile", "linspace", "repeat", "eye"}
