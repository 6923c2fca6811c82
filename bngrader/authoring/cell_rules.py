"""Rules for test cells, so that no answer can make a test expect, skip or forget something. `broken_rules` checks them.

A test compares what an answer returns with what the test alone knows. The rules follow each name of a cell from
statement to statement. A name is *theirs* if its value comes from the answer, and *lent* once it was passed to the
answer. Then:

- what `close` expects is made of names that are neither theirs nor lent, so it is computed before the call;
- in `holds`, at least one side of a comparison is not theirs;
- no `if`, `while` or `for` depends on what is theirs, unless `zip(..., strict=True)` counts with something else;
- the answer is run by a check, which copies its arguments, and never in a `try`;
- `grows` has a reference, and hidden tests draw large inputs from `hidden_rng`.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from nbformat import NotebookNode

from bngrader.authoring.cell_names import aliases, bound, is_draw, largest_number, loads

RUNS = {"call", "leaves_arguments_alone", "raises", "grows", "beside"}  # what runs an answer
CHECKS = RUNS | {"close", "holds"}
JUMPS = (ast.Break, ast.Continue, ast.Return, ast.Raise)
LARGE = 1000  # numbers in an input that an answer could tell from the others by its size
HIDDEN_BEGIN = "### BEGIN HIDDEN TESTS"


def broken_rules(solution: NotebookNode) -> Iterator[str]:
    """Yield a sentence for each place where a test cell of an assignment breaks a rule."""
    answers = {cell.id for cell in solution.cells if cell.cell_type == "code" and cell.metadata.nbgrader.solution}
    for cell in solution.cells:
        if cell.metadata.nbgrader.grade and not cell.metadata.nbgrader.solution:
            yield from (f"{cell.id}, {fault}" for fault in faults(cell.source, answers))


def faults(source: str, answers: set[str]) -> list[str]:
    """Return the faults of one test cell, each with its line. `answers` are the names of the students' functions."""
    lines = source.splitlines()
    hidden = range(lines.index(HIDDEN_BEGIN) if HIDDEN_BEGIN in lines else len(lines), len(lines))
    cell = _Cell(answers, hidden)
    cell.run(ast.parse(source).body)
    return list(dict.fromkeys(cell.found))


@dataclass
class _Cell:
    """A walk over the statements of a cell, which notes what is known of each name."""

    answers: set[str]
    hidden: range
    theirs: set[str] = field(default_factory=set)
    lent: set[str] = field(default_factory=set)
    fixed: set[str] = field(default_factory=set)  # large inputs that do not come from hidden_rng
    drawn: set[str] = field(default_factory=set)
    same: dict[str, set[str]] = field(default_factory=dict)  # the names of the objects that a name holds
    helpers: dict[str, ast.FunctionDef] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)

    def fault(self, node: ast.AST, text: str) -> None:
        """Note that a rule is broken here."""
        self.found.append(f"line {getattr(node, 'lineno', 0)}: {text}")

    def run(self, statements: list[ast.stmt]) -> None:
        """Walk over statements in their order; over loops twice, since a name may be lent in an earlier round."""
        for statement in statements:
            if isinstance(statement, ast.FunctionDef):
                self.helpers[statement.name] = statement
                self._inside(statement)
            elif isinstance(statement, ast.For | ast.While | ast.If):
                self._condition(statement)
                for _ in range(1 if isinstance(statement, ast.If) else 2):
                    if isinstance(statement, ast.For):
                        self._bind(statement.target, statement.iter)
                    self.run(statement.body)
                self.run(statement.orelse)
            elif isinstance(statement, ast.Try):
                if self._called(statement) & CHECKS:
                    self.fault(statement, "a check inside try may fail without a message")
                self.run(statement.body)
            elif isinstance(statement, ast.With):
                self.run(statement.body)
            else:
                self._simple(statement)

    def _inside(self, helper: ast.FunctionDef) -> None:
        outer = set(self.theirs), set(self.lent), dict(self.same)
        for argument in (*helper.args.args, *helper.args.kwonlyargs):
            self._forget(argument.arg)
        self.run(helper.body)
        self.theirs, self.lent, self.same = outer

    def _condition(self, statement: ast.For | ast.While | ast.If) -> None:
        test = statement.iter if isinstance(statement, ast.For) else statement.test
        self._look(test)
        decides = self._called(statement) & CHECKS or any(isinstance(node, JUMPS) for node in ast.walk(statement))
        if decides and self.is_theirs(test) and not self._counts(test):
            self.fault(statement, "the answer's result decides whether the checks here run")

    def _counts(self, test: ast.expr) -> bool:
        """Return whether a loop runs a number of times that the test knows: `zip(theirs, ours, strict=True)`."""
        if not (isinstance(test, ast.Call) and isinstance(test.func, ast.Name) and test.func.id == "zip"):
            return False
        return any(k.arg == "strict" for k in test.keywords) and not all(map(self.is_theirs, test.args))

    def _simple(self, statement: ast.stmt) -> None:
        self._look(statement)
        for node in ast.walk(statement):
            if isinstance(node, ast.NamedExpr):
                self._bind(node.target, node.value)
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                self._bind(target, statement.value)
        elif isinstance(statement, ast.AugAssign):
            self._add(statement.target, statement.value)

    def _look(self, part: ast.AST) -> None:
        """Check every check and every call in a statement, and note what it lends."""
        calls = [node for node in ast.walk(part) if isinstance(node, ast.Call)]
        for node in calls:
            name = _name(node.func)
            if name == "close" and len(node.args) > 1:
                for inner in ast.walk(node.args[0]):  # Python calls the answer before it computes the second argument
                    if isinstance(inner, ast.Call) and _name(inner.func) in RUNS:
                        self._lend(inner)
                self._expects(node.args[1])
            elif name == "holds" and node.args:
                self._compares(node.args[0])
            elif name == "grows" and not any(
                k.arg == "reference" and _name(k.value) in self.helpers for k in node.keywords
            ):
                self.fault(node, "grows needs the test's own reference, to compare the results with")
            elif name in self.answers or (isinstance(node.func, ast.Name) and name in self.theirs):
                self.fault(node, f"{name} is not run by a check, so its arguments are not copied")
        for node in calls:
            if _name(node.func) in RUNS:
                self._lend(node)

    def _expects(self, want: ast.expr) -> None:
        parts = [want]
        if isinstance(want, ast.Call) and _name(want.func) == "fitting":
            parts = list(want.args[1:])
        for part in parts:
            if self.is_theirs(part):
                self.fault(part, "close expects something that comes from the answer")
            elif names := sorted(loads(part) & self.lent):
                self.fault(part, f"close expects something computed after the answer was given {', '.join(names)}")

    def _compares(self, fact: ast.expr) -> None:
        for node in ast.walk(fact):
            if isinstance(node, ast.Compare) and all(map(self.is_theirs, (node.left, *node.comparators))):
                self.fault(node, "holds compares the answer with itself")

    def _lend(self, node: ast.Call) -> None:
        given = [*node.args[1:], *(k.value for k in node.keywords if k.arg in ("kwargs", "uncopied"))]
        names = set().union(*(aliases(part, self.helpers) for part in given))
        for name in names:
            self.lent |= {name} | self.same.get(name, set())
        for keyword in node.keywords:
            if keyword.arg == "uncopied":  # the answer may have changed these
                self.theirs |= aliases(keyword.value, self.helpers)
        if node.lineno - 1 in self.hidden:
            for part in given:
                known = loads(part)
                if (
                    (known & self.fixed or largest_number(part) >= LARGE)
                    and not known & self.drawn
                    and not is_draw(part)
                ):
                    self.fault(part, "a large input of a hidden test is not drawn from hidden_rng")

    def is_theirs(self, part: ast.AST) -> bool:
        """Return whether a value depends on the answer."""
        if isinstance(part, ast.Call) and _name(part.func) == "fitting":
            return any(map(self.is_theirs, part.args[1:]))
        if isinstance(part, ast.Name):
            return part.id in self.theirs
        if isinstance(part, ast.Call):
            name = _name(part.func)
            if name in RUNS | self.answers or (name in self.helpers and self._called(self.helpers[name]) & RUNS):
                return True
        if isinstance(part, ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp):
            if any(self.is_theirs(loop.iter) for loop in part.generators):
                return True
            own = set().union(*(bound(loop.target) for loop in part.generators))  # names of the comprehension's own
            return bool((loads(part) - own) & self.theirs)
        return any(map(self.is_theirs, ast.iter_child_nodes(part)))

    def _called(self, part: ast.AST) -> set[str]:
        return {_name(node.func) for node in ast.walk(part) if isinstance(node, ast.Call)}

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            values = _in_step(value)
            if len(values) != len(target.elts):
                self._bind_each(target, value)
            for part, own in zip(target.elts, values, strict=False):
                self._bind(part, own)
        elif isinstance(target, ast.Starred):
            self._bind(target.value, value)
        elif isinstance(target, ast.Name):
            known = self.is_theirs(value), aliases(value, self.helpers), loads(value)
            lent = bool(known[1] & self.lent)
            self._forget(target.id)
            self.same[target.id] = known[1].union(*(self.same.get(name, set()) for name in known[1])) - {target.id}
            self.theirs |= {target.id} if known[0] else set()
            self.lent |= {target.id} if lent else set()
            self.drawn |= {target.id} if is_draw(value) or known[2] & self.drawn else set()
            self.fixed |= {target.id} if largest_number(value) >= LARGE or known[2] & self.fixed else set()

    def _bind_each(self, target: ast.Tuple | ast.List, value: ast.expr) -> None:
        """Bind names to the parts of a value: if one part is lent, the others are not."""
        for number, part in enumerate(target.elts):
            self._bind(part, value)
            if isinstance(part, ast.Name):
                parts = {f"{name}#{number}" for name in aliases(value, self.helpers)}
                self.same[part.id] = (self.same[part.id] | parts) - aliases(value, self.helpers)
                self.lent -= {part.id} if not parts & self.lent else set()

    def _add(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name) and self.is_theirs(value):
            self.theirs.add(target.id)

    def _forget(self, name: str) -> None:
        for names in (self.theirs, self.lent, self.drawn, self.fixed):
            names.discard(name)
        self.same.pop(name, None)


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else ""


def _in_step(value: ast.expr) -> list[ast.expr]:
    """Return the expressions that a tuple of names is bound to, one each, as far as that can be told."""
    if isinstance(value, ast.Call) and _name(value.func) == "zip":
        return value.args
    if isinstance(value, ast.Call) and _name(value.func) == "enumerate":
        return [ast.Constant(0), *value.args[:1]]
    return value.elts if isinstance(value, ast.Tuple) else []
