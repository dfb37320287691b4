"""The documents name files and tests that exist, and the decisions have one form."""

import re
from functools import cache
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
DOCUMENTS = sorted([*CHECKOUT.glob("*.md"), *CHECKOUT.glob("deploy/*.md")])

QUOTED = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"(?:services|shared|tests|deploy)/(?!.*NAME)[\w./-]+")
"""`NAME` stands for a file of the reader's own."""
TEST = re.compile(r"test_\w+(?:\.py)?")
TITLE = re.compile(r"^## (\d+)\. (.+)$", re.MULTILINE)
HEADS = ("| attempt |", "| --- |")
FIRST_WORDS = re.compile(r"\d{4}-\d\d-\d\d(, (amended|replaced) by \d+( and \d+)*)?\. ")
LAST_WORDS = re.compile(r"(Enforced by .*`.*|Not enforced by a test[^\n]*)\Z")


@cache
def known_tests() -> frozenset[str]:
    """Return the names of all test functions and test files."""
    files = list((CHECKOUT / "tests").rglob("test_*.py"))
    functions = [
        name for file in files for name in re.findall(r"def (test_\w+)", file.read_text("utf-8"))
    ]
    return frozenset([*functions, *(file.name for file in files)])


def missing(words: str) -> list[str]:
    """Return what a text quotes as a file or a test, and is not there."""
    quoted = QUOTED.findall(words)
    paths = [one for one in quoted if PATH.fullmatch(one) and not (CHECKOUT / one).exists()]
    tests = [one for one in quoted if TEST.fullmatch(one)]
    return paths + [one for one in tests if one not in known_tests()]


def security_rows() -> list[str]:
    """Return the rows of SECURITY.md, without the heads of its tables."""
    lines = (CHECKOUT / "SECURITY.md").read_text("utf-8").splitlines()
    return [one for one in lines if one.startswith("| ") and not one.startswith(HEADS)]


def decisions() -> dict[int, str]:
    """Return the text of each decision by its number."""
    _, *parts = TITLE.split((CHECKOUT / "DECISIONS.md").read_text("utf-8"))
    return {int(parts[at]): parts[at + 2].strip() for at in range(0, len(parts), 3)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_document_names_only_what_exists(document: Path) -> None:
    assert missing(document.read_text("utf-8")) == []


def test_path_that_does_not_exist_is_found() -> None:
    words = "See `shared/domain/lifecycle.py`, `shared/domain/no.py`, `test_no_such`, `settle`."

    assert missing(words) == ["shared/domain/no.py", "test_no_such"]


@pytest.mark.parametrize("row", security_rows())
def test_threat_has_its_defence_and_a_test(row: str) -> None:
    attempt, defence, shown = (cell.strip() for cell in row.strip("|").split(" | "))

    assert attempt
    assert defence
    tests = [one for one in QUOTED.findall(shown) if "test" in one]
    assert tests or (shown == "\N{EN DASH}" and "nothing" in defence)


def test_decisions_are_numbered_without_a_gap() -> None:
    assert list(decisions()) == list(range(1, len(decisions()) + 1))


@pytest.mark.parametrize(("number", "text"), decisions().items())
def test_decision_begins_with_its_date_and_status(number: int, text: str) -> None:
    assert FIRST_WORDS.match(text), number


@pytest.mark.parametrize(("number", "text"), decisions().items())
def test_decision_ends_with_what_enforces_it(number: int, text: str) -> None:
    assert text.count("Enforced by") <= 1, number
    assert LAST_WORDS.search(text.rpartition("\n")[2]), number
