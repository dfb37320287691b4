"""Text from a remote peer can be stored and has its maximum length."""

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.storable_text import storable

_ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=300)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (b"Empf\xe4nger", "Empf\N{REPLACEMENT CHARACTER}nger"),
        ("Empf\udce4nger", "Empf\N{REPLACEMENT CHARACTER}nger"),
        ("Empfänger", "Empfänger"),
        ("two\r\nlines\0", "two lines"),
        ("a\N{RIGHT-TO-LEFT OVERRIDE}b", "a b"),
        ("x" * 11, "x" * 9 + "…"),
        ("x" * 10, "x" * 10),
    ],
)
def test_words_become_one_line_of_unicode(words: str | bytes, expected: str) -> None:
    assert storable(words, 10) == expected


@given(st.one_of(st.binary(max_size=300), _ANY_TEXT), st.integers(1, 100))
def test_any_words_are_storable_and_bounded(words: str | bytes, longest: int) -> None:
    text = storable(words, longest)

    assert len(text) <= longest
    assert text.isprintable() or not text.isascii()
    assert bson.decode(bson.encode({"text": text})) == {"text": text}
