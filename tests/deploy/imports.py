"""The imports of a program, read from its source, and the packages of its extra."""

import ast
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deploy.manifests import CHECKOUT, project

OURS = ("services", "shared")


def imported_distributions(program: str) -> set[str]:
    """Return what a program needs installed, through everything of ours that it imports."""
    providers = packages_distributions()
    return {
        canonicalize_name(providers.get(name, [name])[0])
        for name in {module.partition(".")[0] for module in _reached(program)}
        if name not in sys.stdlib_module_names and name not in OURS
    }


def installed_distributions(extra: str) -> set[str]:
    """Return what an image holds: the extra's requirements, and theirs."""
    content = project()
    wanted = [*content["dependencies"], *content["optional-dependencies"][extra]]
    found: set[str] = set()
    for one in wanted:
        _install(Requirement(one), found)
    return found


def _install(requirement: Requirement, found: set[str]) -> None:
    name = canonicalize_name(requirement.name)
    if name in found and not requirement.extras:
        return
    found.add(name)
    for text in requires(name) or ():
        needed = Requirement(text)
        if any(_applies(needed, extra) for extra in (*requirement.extras, "")):
            _install(needed, found)


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _reached(program: str) -> set[str]:
    waiting = [_module(file) for file in (CHECKOUT / "services" / program).rglob("*.py")]
    reached: set[str] = set()
    while waiting:
        module = waiting.pop()
        if module in reached:
            continue
        reached.add(module)
        if (file := _source(module)) is not None:
            waiting.extend(_imports(file))
    return reached


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _module(file: Path) -> str:
    return ".".join(file.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__")


def _source(module: str) -> Path | None:
    """Return the file of a module of ours; nothing for a name inside a module."""
    if not module.startswith(OURS):
        return None
    place = CHECKOUT.joinpath(*module.split("."))
    candidates = (place.with_suffix(".py"), place / "__init__.py")
    return next((one for one in candidates if one.is_file()), None)
