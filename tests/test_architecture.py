"""Tests of the imports between modules: no circles, none upward, none between the judge and the student's side.

Imports inside functions and under TYPE_CHECKING count too, since they couple modules as much as others do.
"""

import ast
from itertools import pairwise
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

PACKAGES = ("bnref", "bngrader")
# Packages whose direct members, modules and folders, must not import each other in a circle.
LAYERED = ("bngrader", "bngrader.engine", "bnref")
# The packages that the modules of a package may import. The longest name that matches a module applies.
MAY_IMPORT = {
    "bnref": {"bnref"},
    "bngrader": {"bngrader"},
    "bngrader.engine": {"bngrader.engine", "bngrader.check"},
}
WALLS = [("bngrader.engine.judge", "bngrader.engine.student")]  # neither imports the other


def module_name(path, root):
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules_of(root, packages=PACKAGES):
    """Return the path of each module, by its dotted name."""
    return {module_name(path, root): path for package in packages for path in sorted((root / package).rglob("*.py"))}


def imported_names(path, name):
    """Yield (module, attribute) for each import anywhere in a file; the attribute of `import module` is None."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = name.split(".") if path.stem == "__init__" else name.split(".")[:-1]
            base = parts[: len(parts) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((module, alias.name) for alias in node.names)


def import_graph(root, packages=PACKAGES):
    """Return the modules that each module imports."""
    modules = modules_of(root, packages)
    graph = {}
    for name, path in modules.items():
        found = set()
        for module, attribute in imported_names(path, name):
            submodule = f"{module}.{attribute}"
            found |= {submodule if submodule in modules else module} & modules.keys()
        graph[name] = found - {name}
    return graph


def circle(graph):
    """Return one circle of a graph as a list of nodes that ends with its first node, or an empty list."""
    done, path = set(), []

    def visit(node):
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return []
        path.append(node)
        found = next(filter(None, map(visit, sorted(graph[node]))), [])
        path.pop()
        done.add(node)
        return found

    return next(filter(None, map(visit, sorted(graph))), [])


def within(name, package):
    return name == package or name.startswith(package + ".")


def layers(graph, package):
    """Return the import graph directly inside a package: its modules, and each of its folders as one node."""
    depth = package.count(".") + 2

    def member(name):
        return ".".join(name.split(".")[:depth])

    inner = {name for name in graph if within(name, package) and name != package}
    members = {member(name): set() for name in inner}
    for name in inner:
        members[member(name)] |= {member(target) for target in graph[name] & inner} - {member(name)}
    return members


def crossings(graph, wall):
    """Return the imports from either side of a wall to the other."""
    return {
        (name, target)
        for here, there in (wall, wall[::-1])
        for name in graph
        if within(name, here)
        for target in graph[name]
        if within(target, there)
    }


def upward(graph, may_import=None):
    """Return the imports that the package of a module may not have."""
    rules = MAY_IMPORT if may_import is None else may_import
    found = set()
    for name, targets in graph.items():
        allowed = rules[max((package for package in rules if within(name, package)), key=len)]
        found |= {(name, target) for target in targets if not any(within(target, package) for package in allowed)}
    return found


@pytest.fixture(scope="module")
def graph():
    return import_graph(REPOSITORY)


def test_no_modules_import_in_a_circle(graph):
    assert circle(graph) == []


@pytest.mark.parametrize("package", LAYERED)
def test_no_folders_import_in_a_circle(graph, package):
    assert circle(layers(graph, package)) == []


def test_nothing_imports_upward(graph):
    assert upward(graph) == set()


@pytest.mark.parametrize("wall", WALLS, ids=" | ".join)
def test_no_import_crosses_a_wall(graph, wall):
    for side in wall:
        assert [name for name in graph if within(name, side)], f"{side} has moved: put its new name into WALLS"
    assert crossings(graph, wall) == set()


def classes_named_twice(root, packages=PACKAGES):
    """Return the class names that more than one module of a package defines, with these modules."""
    places = {}
    for module, path in modules_of(root, packages).items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                places.setdefault((module.partition(".")[0], node.name), []).append(module)
    return {name: modules for (_, name), modules in places.items() if len(modules) > 1}


def test_each_class_has_a_name_of_its_own():
    assert classes_named_twice(REPOSITORY, ["bngrader"]) == {}


# Tests that the rules find violations, in small packages.


def write_package(root, **sources):
    """Write a package `p` and return its import graph; double underscores in a name separate folders."""
    for name, source in sources.items():
        path = Path(root, "p", *name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return import_graph(root, ["p"])


@pytest.mark.parametrize(
    "source",
    [
        "from p import a",
        "from p.a import x",
        "from . import a",
        "from .a import x",
        "import p.a",
        "def f():\n    from p.a import x",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p.a import x",
    ],
)
def test_every_way_to_import_makes_a_circle(tmp_path, source):
    graph = write_package(tmp_path, a="from p import b", b=source, c="from p import a")
    assert circle(graph) == ["p.a", "p.b", "p.a"]


def test_a_long_circle_is_named_in_order(tmp_path):
    graph = write_package(tmp_path, a="import p.b", b="import p.c", c="import p.d", d="import p.b", e="import p.a")
    found = circle(graph)
    assert set(pairwise(found)) == {("p.b", "p.c"), ("p.c", "p.d"), ("p.d", "p.b")}


def test_a_circle_of_folders_is_found_without_one_of_modules(tmp_path):
    graph = write_package(tmp_path, a__x="import p.b.x", b__x="", b__y="import p.a.y", a__y="")
    assert circle(graph) == []
    assert circle(layers(graph, "p")) == ["p.a", "p.b", "p.a"]


def test_an_import_through_a_wall_is_found_both_ways(tmp_path):
    graph = write_package(tmp_path, a__x="import p.b.x", b__x="", b__y="from p.a import y", a__y="", c="import p.a.x")
    assert crossings(graph, ("p.a", "p.b")) == {("p.a.x", "p.b.x"), ("p.b.y", "p.a.y")}


def test_an_upward_import_is_found_by_the_narrowest_rule(tmp_path):
    graph = write_package(tmp_path, a__x="import p.b", b="import p.a.x", c="import p.b")
    assert upward(graph, {"p": {"p"}, "p.a": {"p.a"}}) == {("p.a.x", "p.b")}


def test_a_class_name_in_two_modules_is_found(tmp_path):
    write_package(tmp_path, a__x="class Job: ...", b="def f():\n    class Job: ...", c="class Other: ...")
    assert classes_named_twice(tmp_path, ["p"]) == {"Job": ["p.a.x", "p.b"]}
