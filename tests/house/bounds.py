"""The bounds of the house, and what exceeds them."""

from collections.abc import Iterable
from typing import Final

from tests.house.imports import Imports, longest_chain
from tests.house.source import Source, modules_in_folders

MODULES_IN_FOLDER: Final = 15
LINES_OF_FILE: Final = 400
LINES_OF_FUNCTION: Final = 60
CHAIN: Final = 10


def crowded_folders(files: Iterable[Source]) -> list[str]:
    """Return the folders with more than fifteen modules."""
    return [
        f"{folder} has {number} modules, at most {MODULES_IN_FOLDER}: give them rooms"
        for folder, number in modules_in_folders(files).items()
        if number > MODULES_IN_FOLDER
    ]


def long_files(files: Iterable[Source]) -> list[str]:
    """Return the files with more than four hundred lines."""
    return [
        f"{one.name} has {one.lines} lines, at most {LINES_OF_FILE}: split it by what it is about"
        for one in files
        if one.lines > LINES_OF_FILE
    ]


def long_functions(files: Iterable[Source]) -> list[str]:
    """Return the functions with more than sixty lines."""
    return [
        f"{name} in {one.name} has {lines} lines, at most {LINES_OF_FUNCTION}: name its parts"
        for one in files
        for name, lines in one.functions()
        if lines > LINES_OF_FUNCTION
    ]


def undocumented(files: Iterable[Source]) -> list[str]:
    """Return what is public and has no docstring; that of a package says what its room is for."""
    return [
        f"{name} in {one.name} has no docstring: say what the caller gets"
        for one in files
        for name in one.undocumented()
    ]


def long_chains(imports: Imports, names: Iterable[str]) -> list[str]:
    """Return the packages in which modules import each other in a chain that is too long.

    Raises:
        ValueError: Modules import each other in a circle.
    """
    chains = {name: longest_chain(imports, name) for name in names}
    return [
        f"{name} has a chain of {len(chain)} modules, at most {CHAIN}: "
        f"hand in what {chain[1]} needs ({' → '.join(chain)})"
        for name, chain in chains.items()
        if len(chain) > CHAIN
    ]
