"""Hash the code that a result depends on: some modules, and what these import of their package."""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

# With one of these, a module can import any module of its own folder.
DYNAMIC_IMPORTS = {"import_module", "__import__"}


class _WithoutDocstrings(ast.NodeTransformer):
    """Drops docstrings, and other strings that stand as statements: they do nothing."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if text else node


def _imports(node: ast.AST) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return isinstance(node, ast.Import | ast.ImportFrom) or name in DYNAMIC_IMPORTS


@cache
def _parse(source: str) -> tuple[str, tuple[ast.AST, ...]]:
    """Return a hash of the code, and its nodes that import."""
    tree = ast.parse(source)
    imports = tuple(filter(_imports, ast.walk(tree)))
    # The dump has no comments, layout and line numbers.
    return hashlib.sha256(ast.dump(_WithoutDocstrings().visit(tree)).encode()).hexdigest(), imports


def imported_names(source: str, package: str = "") -> Iterator[str]:
    """Yield the dotted names that `source` may import as modules, at its top or in a function.

    `package` is the package that `source` is in, where its relative imports start. `package.*` stands for all modules
    below a package, and `*` for every module.

    >>> list(imported_names("from bnref import scaling"))
    ['bnref', 'bnref.scaling']
    """
    for node in _parse(source)[1]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            above = parts[: len(parts) + 1 - node.level] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            yield from (base, *(f"{base}.{alias.name}" for alias in node.names))
        else:
            yield f"{package}.*".lstrip(".")


def code_digest(names: Iterable[str], package: Path) -> str:
    """Hash the code of the modules `names` and of all modules that they import, directly or not, within `package`.

    Comments, docstrings and layout do not count, and neither does what belongs to other packages.

    Parameters
    ----------
    names : dotted names, as from `imported_names`
    package : the package's folder, or the file of a module that belongs to no package

    Raises
    ------
    SyntaxError
        if one of the modules is not Python
    """
    files = _files(package)
    found: dict[str, str] = {}
    ahead = list(names)
    while ahead:
        for name in _run_by_import(ahead.pop(), files, package.stem):
            if name not in found:
                source = files[name].read_text()
                found[name] = _parse(source)[0]
                ahead += imported_names(source, name if files[name].name == "__init__.py" else name.rpartition(".")[0])
    return hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()


def _files(package: Path) -> dict[str, Path]:
    """Return the files of the package's modules by their dotted names."""
    files = [package] if package.is_file() else package.rglob("*.py")
    return {
        ".".join(path.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__"): path
        for path in files
    }


def _run_by_import(name: str, files: Iterable[str], package: str) -> list[str]:
    """Return the modules that an import of `name` runs: those above it, itself, and for `*` those below."""
    parts = name.split(".") if name != "*" else [package, "*"]
    above = {".".join(parts[: n + 1]) for n in range(len(parts))}
    below = name.removesuffix("*") if parts[-1] == "*" else None
    return [file for file in files if file in above or (below is not None and file.startswith(below))]
