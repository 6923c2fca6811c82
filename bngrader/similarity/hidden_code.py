"""Search for answers that hide code from a reader, and from the comparison of texts.

Code in a text, in numbers or in bytes looks like no other code. What students write for good reasons does not count:
`model.eval()`, `re.compile`, long messages, docstrings and code that is commented out in quotes, small tables of data.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from bngrader.similarity.texts import MAX_COMPARED_CHARACTERS, Text

MIN_CODE_CHARACTERS = 60  # of a text that is Python code
MIN_CODE_STATEMENTS = 5  # of such a text, if it defines no function
MIN_RUN_CHARACTERS = 80  # without a space: no language has such words
MIN_BYTES = 40  # in a literal of bytes that is not a word
MIN_NUMBERS, MIN_CHARACTER_CODES = 200, 16  # in one list; in one that becomes text
MIN_INTEGER_DIGITS = 40
GAP = re.compile(r"\S[ \t]{60,}\S")  # what follows is out of sight
MAX_EXCERPT_CHARACTERS = 120
RUNNERS = {"exec", "eval", "compile", "__import__", "execfile"}
RUNNING_MODULES = {"marshal", "runpy", "code", "codeop", "ctypes", "dill", "cloudpickle"}
RUNNING_METHODS = {"run_cell", "run_code", "run_cell_magic", "import_module", "spec_from_loader", "module_from_spec",
                   "SourceFileLoader", "FunctionType", "CodeType", "run_path", "run_module"}  # fmt: skip
RUNNING_ATTRIBUTES = {"__code__", "__globals__", "__builtins__", "__subclasses__", "__loader__", "co_code"}
DECODERS = {"b64decode", "b32decode", "b16decode", "b85decode", "a85decode", "fromhex", "unhexlify", "decompress",
            "a2b_base64", "urlsafe_b64decode", "standard_b64decode", "decodebytes"}  # fmt: skip
LOADERS = {"pickle", "joblib", "zlib", "bz2", "lzma", "gzip", "codecs", "base64", "binascii"}
BUILTINS = {"builtins", "__builtins__"}
MAGIC = re.compile(r"^([ \t]*)[%!].*$", re.MULTILINE)
CELL_MAGIC = re.compile(r"\s*%%(\w+).*\n?")
SHELLS = {"bash", "sh", "script", "python", "python3", "perl", "ruby", "system"}
SHELL_CODE = re.compile(r"base64|xxd|python[0-9.]*\s+-c|\beval\b|\bexec\b|openssl")
UNPARSED = re.compile(r"(?<![\w.])(exec|eval|compile|__import__)\s*\(|\bmarshal\b|b(?:64|32|85)decode|fromhex")


@dataclass(frozen=True)
class HiddenCode:
    """The places in a submission where code may be hidden: what was found, and the line."""

    student: str
    places: tuple[tuple[str, str], ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as plain data, with the keys of a pair."""
        places = [{"what": what, "line": line} for what, line in self.places]
        return {"one": self.student, "other": "", "kind": "hidden code", "places": places}


def hidden_code(text: Text) -> HiddenCode | None:
    """Return where a submission may hide code, if it does so anywhere."""
    found = [place for cell in text.cells for place in _in_cell(cell)]
    if sum(map(len, text.cells)) > MAX_COMPARED_CHARACTERS:
        found.append(
            (f"more than {MAX_COMPARED_CHARACTERS:,} characters of code, of which the rest is not compared", "")
        )
    return HiddenCode(text.name, tuple(dict.fromkeys(found))) if found else None


def _in_cell(source: str) -> Iterator[tuple[str, str]]:
    lines = source.splitlines()
    yield from (("code that is out of sight, far to the right", _excerpt(line)) for line in lines if GAP.search(line))
    magic = CELL_MAGIC.match(source)
    shell = lines if magic and magic[1] in SHELLS else [line for line in lines if line.lstrip().startswith("!")]
    yield from (
        ("a shell command that decodes or runs code", _excerpt(line)) for line in shell if SHELL_CODE.search(line)
    )
    python = source[magic.end() :] if magic else source
    try:
        tree = ast.parse(MAGIC.sub(r"\1pass", python))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        yield from _unparsed(lines)
        return
    yield from _unparsed(found[0] for found in MAGIC.finditer(python))
    search = _Search(python.splitlines())
    try:
        search.visit(tree)
    except RecursionError:
        search.places.append(("code that is too deeply nested to be looked at", _excerpt(lines[0])))
    yield from search.places


def _unparsed(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if not line.lstrip().startswith("#"):
            if found := UNPARSED.search(line):
                yield f"{found[0].rstrip('( ')}, in a cell that is not Python", _excerpt(line)
            elif re.search(rf"\S{{{MIN_RUN_CHARACTERS},}}", re.sub(r"([=\-#*_.])\1+|https?://\S+", "", line)):
                yield "a long text without spaces, in a cell that is not Python", _excerpt(line)


class _Search(ast.NodeVisitor):
    """Collects the places in one cell where code may be hidden."""

    def __init__(self, lines: list[str]) -> None:
        self.places: list[tuple[str, str]] = []
        self._lines = lines
        self._own: dict[str, int] = {}  # functions of the student's with the name of a builtin, and their lines

    def _add(self, what: str, node: ast.AST) -> None:
        number = getattr(node, "lineno", 0)
        line = self._lines[number - 1] if 0 < number <= len(self._lines) else ""
        self.places.append((what, _excerpt(line)))

    def visit_Module(self, node: ast.Module) -> None:
        self._own = {each.name: each.lineno for each in node.body if isinstance(each, ast.FunctionDef)}
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring, or code in quotes that does not run
            self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in BUILTINS or (node.id in RUNNERS and node.lineno < self._own.get(node.id, node.lineno + 1)):
            self._add(node.id, node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._import(alias.name.split(".")[0], node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self._import((node.module or "").split(".")[0], node)
        for alias in node.names:
            if alias.name in RUNNING_METHODS:
                self._add(alias.name, node)
            elif alias.asname is None:
                self._own[alias.name] = node.lineno  # such as `from re import compile`

    def _import(self, module: str, node: ast.AST) -> None:
        if module in RUNNING_MODULES | BUILTINS:
            self._add(f"the module {module}", node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr in RUNNING_METHODS | RUNNING_ATTRIBUTES:
            self._add(node.attr, node)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = _called(node)
        if name == "getattr" and len(node.args) > 1 and _folded(node.args[1]) is not None:
            if not isinstance(node.args[1], ast.Constant) or node.args[1].value in RUNNERS | RUNNING_ATTRIBUTES:
                self._add("getattr with a computed name, or with the name of a function that runs code", node)
        elif isinstance(node.func, ast.Subscript) and _called(node.func.value) in ("globals", "locals", "vars"):
            self._add("a call of a function by a computed name", node)
        elif name in DECODERS or (name in ("loads", "decode") and _module(node) in LOADERS):
            if any(map(_is_long, ast.walk(node))):
                self._add(f"{name}, which decodes text or bytes", node)
        elif name in ("bytes", "bytearray", "chr", "map", "join"):
            self._decoded_numbers(node, name)
        self.generic_visit(node)

    def _decoded_numbers(self, node: ast.Call, name: str) -> None:
        uses_chr = name != "map" or any(isinstance(arg, ast.Name) and arg.id == "chr" for arg in node.args)
        chars = name in ("bytes", "bytearray") or any(
            isinstance(part, ast.Name) and part.id == "chr" for part in ast.walk(node)
        )
        if uses_chr and chars and max(map(_count_numbers, ast.walk(node)), default=0) >= MIN_CHARACTER_CODES:
            self._add("numbers that become text or bytes", node)

    def visit_List(self, node: ast.List | ast.Tuple) -> None:
        count = sum(isinstance(part, ast.Constant) and isinstance(part.value, int | float) for part in ast.walk(node))
        if count >= MIN_NUMBERS:
            self._add(f"a list of {count} numbers", node)
        text = "".join(_folded(part) or "" for part in node.elts)
        if len(node.elts) > 3 and (what := _suspicious(text)):
            self._add(f"pieces of {what}", node)
        if count < MIN_NUMBERS:
            self.generic_visit(node)

    visit_Tuple = visit_List

    def visit_BinOp(self, node: ast.BinOp) -> None:
        text = _folded(node)
        if text is None:
            self.generic_visit(node)
        elif what := _suspicious(text):
            self._add(what, node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if what := _suspicious(node.value):
            self._add(what, node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        text = "".join(_folded(part) or "" for part in node.values)
        if what := _suspicious(text):
            self._add(what, node)
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.generic_visit(part)


def _called(node: ast.AST) -> str:
    """Return the name of the function that a node calls."""
    function = node.func if isinstance(node, ast.Call) else None
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _module(node: ast.Call) -> str:
    owner = getattr(node.func, "value", None)
    return owner.id if isinstance(owner, ast.Name) else ""


def _folded(node: ast.AST) -> str | None:
    """Return the text of a constant, or of constants put together by +; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _folded(node.left), _folded(node.right)
        return None if left is None or right is None else left + right
    return None


def _is_long(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str | bytes) and len(node.value) >= MIN_BYTES


def _count_numbers(node: ast.AST) -> int:
    if not isinstance(node, ast.List | ast.Tuple):
        return 0
    return sum(isinstance(part, ast.Constant) and type(part.value) is int for part in node.elts)


def _suspicious(value: object) -> str:
    """Say what a literal seems to be, if it is none that a person writes into a solution."""
    rules: dict[type, Callable[[Any], str]] = {
        str: _suspicious_text,
        bytes: _suspicious_bytes,
        int: _suspicious_integer,
    }
    return rules[type(value)](value) if type(value) in rules else ""


def _suspicious_integer(value: int) -> str:
    many = abs(value) >= 10 ** (MIN_INTEGER_DIGITS - 1)
    return "an integer with very many digits" if many and set(str(value)) - {"0", "1", "9"} else ""


def _suspicious_bytes(value: bytes) -> str:
    return "a long literal of bytes" if len(value) >= MIN_BYTES and len(set(value)) > 8 else ""


def _suspicious_text(value: str) -> str:
    if len(value) < MIN_CODE_CHARACTERS:
        return ""
    words = re.sub(r"https?://\S+|(.)\1{9,}", " ", value).split()
    if any(len(word) >= MIN_RUN_CHARACTERS and word.isascii() for word in words):
        return "a long text without spaces"
    return "code in a text" if _is_code(value) else ""


def _is_code(text: str) -> bool:
    try:
        tree = ast.parse(text.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    nodes = list(ast.walk(tree))
    defines = any(isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda) for node in nodes)
    statements = sum(isinstance(node, ast.Assign | ast.AugAssign | ast.For | ast.If | ast.Import) for node in nodes)
    return defines or statements >= MIN_CODE_STATEMENTS


def _excerpt(line: str) -> str:
    text = " ".join(line.split())
    return text if len(text) <= MAX_EXCERPT_CHARACTERS else f"{text[:MAX_EXCERPT_CHARACTERS]} ..."
