"""The words of a text that are stored for the search."""

from dataclasses import replace

import pytest

from shared.domain.interaction import Email
from shared.storage.interactions.interaction_documents import changed_fields, to_document
from tests.unit.domain.examples import inbound

MAIL = inbound()


@pytest.mark.parametrize(
    ("text", "searched"),
    [
        ("", ""),
        ("Where is\n my parcel? Where is it?\r\n", "Where is my parcel? it?"),
        ("x" * 9_000, "x" * 3_000),
        ("a " * 4_000 + "behind", "a"),
    ],
)
def test_searched_words_are_the_different_ones(text: str, searched: str) -> None:
    assert to_document(replace(MAIL, mail=Email(text=text)))["searched_text"] == searched


def test_changed_text_has_the_searched_words_of_a_new_one() -> None:
    after = replace(MAIL, mail=Email(text="two two " + " ".join(map(str, range(400)))))

    searched = changed_fields(MAIL, after)["searched_text"]

    assert searched == to_document(after)["searched_text"]
    assert len(searched.split()) == 300
