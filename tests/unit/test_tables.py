"""Tables of what is tested: no kill point without a test, and no test that is gone."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bad_input import BAD_INPUT
from tests.faults.killed.kill_points import KILL_POINTS

ROOT = Path(__file__).parents[2]


def strings(node: ast.AST) -> Iterator[str]:
    """Yield every text in some code."""
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value


def points_in(file: Path) -> Iterator[str]:
    """Yield the names of the crash points in a module, also of those that are called later."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            called = [node.func, *node.args]
            if any(isinstance(one, ast.Name) and one.id == "crash_point" for one in called):
                yield from (name for one in node.args for name in strings(one))


def test_every_kill_point_of_the_product_is_in_the_table() -> None:
    product = [file for folder in ("services", "shared") for file in (ROOT / folder).rglob("*.py")]

    found = {name for file in product for name in points_in(file)}

    assert found == KILL_POINTS.keys()


@pytest.mark.parametrize("name", KILL_POINTS)
def test_tests_of_a_kill_point_name_it(name: str) -> None:
    for file in KILL_POINTS[name].tests:
        text = strings(ast.parse((ROOT / "tests" / file).read_text()))
        said = {one.partition(":")[0] for one in text}
        # Tests of one service may leave out its name.
        assert {name, name.partition(".")[2]} & said, file


@pytest.mark.parametrize("what", BAD_INPUT)
def test_bad_input_of_the_table_has_its_test(what: str) -> None:
    file, test = BAD_INPUT[what]

    tree = ast.parse((ROOT / "tests" / file).read_text())

    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    assert test in {one.name for one in tree.body if isinstance(one, functions)}
