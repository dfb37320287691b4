"""The tokens for mail by HTTP are checked before they are put in force."""

import pytest

from services.console.description.changes import settings_changes
from services.console.description.reader import describe
from services.console.description.yaml_document import UnreadableError
from shared.contracts.contact_center import ContactCenter

DIGEST = "0123456789abcdef" * 4
TEXT = f"""\
name: demo
queues: [{{name: support}}]
tokens: [{{name: web-form, sha256: {DIGEST}}}]
mailboxes: [{{address: support@demo.example, queue: support, drop: {{tokens: [web-form]}}}}]
"""


def test_stored_description_is_read_back() -> None:
    center = describe(TEXT)

    assert ContactCenter.model_validate(center.model_dump(mode="json")) == center


def test_description_without_drops_has_no_such_keys() -> None:
    center = describe("name: demo\nqueues: [{name: a}]\nmailboxes: [{address: a@b.c, queue: a}]")

    content = center.model_dump(mode="json")
    assert "tokens" not in content
    assert "drop" not in content["mailboxes"][0]


def test_new_token_is_told_as_a_change() -> None:
    before = describe(TEXT.replace("web-form", "page"))

    assert "token web-form: added" in "\n".join(settings_changes(before, describe(TEXT)))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("tokens: [web-form]", "tokens: [page]", "there is no token 'page' under `tokens`"),
        (DIGEST, DIGEST[1:], "`mailroom make-token NAME` prints a token's"),
        (DIGEST, "x" * 64, "`mailroom make-token NAME` prints a token's"),
        (f"{DIGEST}}}]", f"{DIGEST}}}, {{name: web-form, sha256: {DIGEST}}}]", "is there already"),
        ("drop: {tokens", "drop: {token", "is no field of a contact center"),
    ],
)
def test_wrong_drop_is_refused_in_words(old: str, new: str, words: str) -> None:
    assert old in TEXT

    with pytest.raises(UnreadableError) as caught:
        describe(TEXT.replace(old, new))

    assert words in str([one.words for one in caught.value.problems])
