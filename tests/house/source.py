"""Python files of the checkout, and what can be counted in one of them."""

import ast
import io
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).parents[2]
PRODUCT: Final = ("services", "shared", "deploy")
ALL: Final = (*PRODUCT, "tests")

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Documented = _Function | ast.ClassDef


@dataclass(frozen=True)
class Source:
    """One Python file; `text` is its content, `name` its path from the checkout."""

    name: str
    text: str

    @property
    def folder(self) -> str:
        """The folder, as a path from the checkout."""
        return self.name.rpartition("/")[0]

    @property
    def lines(self) -> int:
        """The number of lines."""
        return len(self.text.splitlines())

    @cached_property
    def comments(self) -> int:
        """The number of lines that are nothing but a comment, or end with one."""
        readline = io.StringIO(self.text).readline
        return sum(one.type == tokenize.COMMENT for one in tokenize.generate_tokens(readline))

    def functions(self) -> Iterator[tuple[str, int]]:
        """Yield the name of each function with its length in lines, decorators left out."""
        for one in ast.walk(self._tree):
            if isinstance(one, _Function):
                yield one.name, (one.end_lineno or one.lineno) - one.lineno + 1

    def undocumented(self) -> Iterator[str]:
        """Yield the public functions and classes without docstring, and the module itself."""
        if not ast.get_docstring(self._tree):
            yield "the module"
        yield from _undocumented(self._tree)

    @cached_property
    def docstring(self) -> str:
        """The docstring of the module; empty where it has none."""
        return ast.get_docstring(self._tree) or ""

    @cached_property
    def _tree(self) -> ast.Module:
        return ast.parse(self.text)


def sources(*places: str) -> list[Source]:
    """Return the Python files below some folders of the checkout."""
    files = sorted(file for place in places for file in (CHECKOUT / place).rglob("*.py"))
    return [
        Source(str(file.relative_to(CHECKOUT)), file.read_text("utf-8"))
        for file in files
        if "node_modules" not in file.parts
    ]


def modules_in_folders(files: Iterable[Source]) -> Counter[str]:
    """Return how many modules each folder has; `__init__` is the folder itself."""
    return Counter(one.folder for one in files if not one.name.endswith("__init__.py"))


def percentile(values: list[int], share: float) -> int:
    """Return the value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def _undocumented(scope: ast.AST) -> Iterator[str]:
    for one in ast.iter_child_nodes(scope):
        if isinstance(one, _Documented) and not one.name.startswith("_"):
            if not ast.get_docstring(one):
                yield one.name
            # A function inside another one belongs to that one.
            if isinstance(one, ast.ClassDef):
                yield from _undocumented(one)
