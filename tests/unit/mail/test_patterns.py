"""Patterns of words find them in any case, whatever the alphabet of the text."""

import pytest

from shared.mail.patterns import AnyCase


@pytest.mark.parametrize(
    "text", ["A FULL Mailbox", "the Mailbox is\nfull", "ПЕРЕПОЛНЕН ящик", "Größe FULL"]
)
def test_words_are_found_in_any_case(text: str) -> None:
    assert AnyCase(r"\bfull\b|переполнен").search(text)


def test_places_are_those_of_the_text() -> None:
    found = AnyCase(r"(\w+) of (\w+)").search("  Out OF office")

    assert found
    assert found.span(2) == (9, 15)
    assert AnyCase("office").match("Office: closed")
    assert [one.start() for one in AnyCase(r"n\S").finditer("NO no")] == [0, 3]


@pytest.mark.parametrize("pattern", ["Full", r"\bGmbH\b"])
def test_pattern_with_a_large_letter_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="lower case"):
        AnyCase(pattern)
