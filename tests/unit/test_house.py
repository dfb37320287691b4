"""The house stays in order: small folders, files and functions, short chains, a word on each."""

from functools import cache

import pytest

from tests.house import bounds
from tests.house.imports import longest_chain, packages, product_imports
from tests.house.source import ALL, PRODUCT, Source, sources


@cache
def files(*places: str) -> list[Source]:
    return sources(*places)


def made_up(text: str, name: str = "services/made_up/module.py") -> list[Source]:
    return [Source(name, text)]


def chain_of(length: int) -> dict[str, set[str]]:
    names = [f"services.made_up.m{number}" for number in range(length)]
    return {one: set(names[number + 1 : number + 2]) for number, one in enumerate(names)}


def test_no_folder_has_more_than_fifteen_modules() -> None:
    assert bounds.crowded_folders(files(*ALL)) == []


def test_sixteenth_module_of_a_folder_is_found() -> None:
    several = [Source(f"services/made_up/m{number}.py", "") for number in range(16)]
    package = Source("services/made_up/__init__.py", "")

    assert bounds.crowded_folders([*several[1:], package]) == []
    assert len(bounds.crowded_folders([*several, package])) == 1


def test_no_file_of_the_product_has_more_than_400_lines() -> None:
    assert bounds.long_files(files(*PRODUCT)) == []


def test_line_401_of_a_file_is_found() -> None:
    assert bounds.long_files(made_up("\n" * 400)) == []
    assert len(bounds.long_files(made_up("\n" * 401))) == 1


def test_no_function_of_the_product_has_more_than_60_lines() -> None:
    assert bounds.long_functions(files(*PRODUCT)) == []


@pytest.mark.parametrize("head", ["def f():", "async def f():", "class C:\n  def f(self):"])
def test_line_61_of_a_function_is_found(head: str) -> None:
    body = "    pass\n"

    assert bounds.long_functions(made_up(f"{head}\n{body * 59}")) == []
    assert len(bounds.long_functions(made_up(f"{head}\n{body * 60}"))) == 1


def test_everything_public_has_a_docstring() -> None:
    assert bounds.undocumented(files("services", "shared")) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        '"""A module."""\ndef public(): ...',
        '"""A module."""\nasync def public(): ...',
        '"""A module."""\nclass Public: ...',
        '"""A module."""\nclass Public:\n  """One."""\n  def method(self): ...',
    ],
)
def test_missing_docstring_is_found(text: str) -> None:
    assert len(bounds.undocumented(made_up(text))) == 1
    assert bounds.undocumented(made_up('"""A module."""\ndef _private(): ...')) == []


def test_no_import_chain_of_a_package_is_too_long() -> None:
    assert bounds.long_chains(product_imports(), packages()) == []


def test_import_chain_of_eleven_modules_is_found() -> None:
    assert bounds.long_chains(chain_of(10), ["services.made_up"]) == []
    assert len(bounds.long_chains(chain_of(11), ["services.made_up"])) == 1


def test_circle_of_imports_is_found() -> None:
    imports = {**chain_of(2), "services.made_up.m1": {"services.made_up.m0"}}

    with pytest.raises(ValueError, match=r"m0 → services\.made_up\.m1 → services\.made_up\.m0"):
        longest_chain(imports, "services.made_up")


def test_import_of_another_package_is_no_part_of_a_chain() -> None:
    imports = {"services.made_up": {"shared.domain"}, "shared.domain": set[str]()}

    assert longest_chain(imports, "services.made_up") == ["services.made_up"]
