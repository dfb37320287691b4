"""The words of a search, as the database is asked for them."""

import pytest

from services.gateway.errors import RequestError
from services.gateway.rest.search_words import LONGEST, MOST_WORDS, text_search


@pytest.mark.parametrize(
    ("asked", "search"),
    [
        ("invoice", '"invoice"'),
        ("  Invoice\t17\n", '"Invoice" "17"'),
        ("-invoice, (lamp)", '"invoice" "lamp"'),
        ('"paid twice', '"paid" "twice"'),
        ('a" -"b', '"a" "b"'),
        ("paid\\", '"paid"'),
        ("ann@example.org", '"ann@example.org"'),
        ("Rechnung \u2013 17", '"Rechnung" "17"'),
        ("請求書", '"請求書"'),
    ],
)
def test_each_word_is_a_phrase(asked: str, search: str) -> None:
    assert text_search(asked) == search


@pytest.mark.parametrize(
    "asked", ["", " ", '"', "-", "?! …", "\0", "x" * (LONGEST + 1), "x " * (MOST_WORDS + 1)]
)
def test_search_without_words_or_with_too_many_is_refused(asked: str) -> None:
    with pytest.raises(RequestError):
        text_search(asked)
