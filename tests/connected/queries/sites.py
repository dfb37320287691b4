"""Every place in the product that asks the database something, found in its source."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]
PRODUCT: Final = ("shared", "services")

METHODS: Final = frozenset(
    {
        "aggregate",
        "bulk_write",
        "count_documents",
        "delete_many",
        "delete_one",
        "distinct",
        "estimated_document_count",
        "find",
        "find_one",
        "find_one_and_delete",
        "find_one_and_replace",
        "find_one_and_update",
        "find_raw_batches",
        "replace_one",
        "update_many",
        "update_one",
    }
)
"""All methods of the driver that look for documents in a collection."""

READS: Final = "Reads"
"""The class that batches reads by one field. Each place that makes one is a query."""

_MAY_ASK: Final = re.compile(rf"\.({'|'.join(METHODS)})\b|\b{READS}\b")
"""A module without this has no site, and need not be parsed."""

_AMBIGUOUS: Final = "find"
"""Texts have such a method too: it counts where a module names one of `_TYPES`."""

_TYPES: Final = frozenset({"Database", "Collection"})
_NO_COLLECTIONS: Final = frozenset({"stranded", "self._store"})
"""Objects of ours with a method `find`, in a module that names a collection too."""


@dataclass(frozen=True, slots=True, order=True)
class CallSite:
    """A call, by file, first and last line, the function it is in, and what it calls."""

    path: str
    first: int
    last: int
    function: str
    called: str

    def __str__(self) -> str:
        return f"{self.path}:{self.first} {self.function} {self.called}"

    def covers(self, path: str, line: int) -> bool:
        """Say whether a line that is being run belongs to the call."""
        return path == self.path and self.first <= line <= self.last


@cache
def sites() -> tuple[CallSite, ...]:
    """Return the queries, and the calls of private helpers that lead to one with their filter."""
    found: list[CallSite] = []
    for folder in PRODUCT:
        for path in sorted((ROOT / folder).rglob("*.py")):
            source = path.read_text()
            if not _MAY_ASK.search(source):
                continue
            tree = ast.parse(source)
            methods = METHODS if _knows_collections(tree) else METHODS - {_AMBIGUOUS}
            found += sites_in(tree, path.relative_to(ROOT).as_posix(), methods)
    return tuple(sorted(found))


def _knows_collections(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom) and any(one.name in _TYPES for one in node.names)
        for node in ast.walk(tree)
    )


def sites_in(tree: ast.Module, path: str, methods: frozenset[str] = METHODS) -> Iterator[CallSite]:
    """Give the sites of one module, which asks by some methods."""
    calls = [(name, call) for name, function in _functions(tree) for call in _calls(function)]
    leading: set[str] = set()
    while True:
        asking = {name.rpartition(".")[2] for name, call in calls if _asks(call, methods, leading)}
        private = {name for name in asking if name.startswith("_") and name != "__init__"}
        if private <= leading:
            break
        leading |= private
    for name, call in calls:
        if _asks(call, methods, leading):
            called = ast.unparse(call.func)
            yield CallSite(path, call.lineno, call.end_lineno or call.lineno, name, called)


def _functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Give every function with its name, those within others as a part of these."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{node.name}.")


def _calls(function: ast.AST) -> list[ast.Call]:
    """Return the calls in a function, without those that it hands over.

    It hands over a call whose generator it returns: it is another who asks by that.
    """
    nodes = list(ast.walk(function))
    handed_over = {
        node.value
        for node in nodes
        if isinstance(node, ast.Return) and isinstance(function, ast.FunctionDef)
    }
    return [node for node in nodes if isinstance(node, ast.Call) and node not in handed_over]


def _asks(call: ast.Call, methods: frozenset[str], leading: set[str]) -> bool:
    match call.func:
        case ast.Attribute(value=ast.Name(id="self"), attr=name) if name in leading:
            return True
        case ast.Attribute(value=receiver, attr=method):
            return method in methods and ast.unparse(receiver) not in _NO_COLLECTIONS
        case ast.Name(id=name):
            return name == READS or name in leading
    return False
