"""Chains of imports among the modules of one package.

A chain is counted in modules, from the first that imports to the last that imports nothing of the
package. `__main__` and `__init__` count like any other module. Imports of other packages and
imports for type checkers alone do not count.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

import grimp

from tests.house.source import CHECKOUT

_ROOTS: Final = ("services", "shared")

Imports = Mapping[str, AbstractSet[str]]
"""The modules that each module imports."""


def product_imports() -> Imports:
    """Return the imports among all modules of the product."""
    graph = grimp.build_graph(*_ROOTS, exclude_type_checking_imports=True)
    return {one: graph.find_modules_directly_imported_by(one) for one in graph.modules}


def packages() -> Iterator[str]:
    """Yield each service and each shared layer, as a dotted name."""
    for root in _ROOTS:
        for folder in sorted((CHECKOUT / root).iterdir()):
            if (folder / "__init__.py").exists():
                yield f"{root}.{folder.name}"


def longest_chain(imports: Imports, package: str) -> list[str]:
    """Return the longest chain of modules of a package, each of which imports the next.

    Raises:
        ValueError: Modules import each other in a circle; the words name it.
    """
    inside = {
        one: [other for other in sorted(imports[one]) if _is_in(other, package)]
        for one in sorted(imports)
        if _is_in(one, package)
    }
    found: dict[str, list[str]] = {}
    return max((_chain(one, inside, found, ()) for one in inside), key=len)


def _is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _chain(
    module: str,
    inside: Mapping[str, list[str]],
    found: dict[str, list[str]],
    above: tuple[str, ...],
) -> list[str]:
    if module in above:
        raise ValueError(" → ".join([*above[above.index(module) :], module]))
    if module not in found:
        below = [_chain(one, inside, found, (*above, module)) for one in inside[module]]
        found[module] = [module, *max(below, key=len, default=[])]
    return found[module]
