"""Of two spellings of one field the one that was changed counts."""

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.errors import RequestError, Situation
from services.gateway.operations.drafts.create import CreateParameters
from services.gateway.operations.parameters.email_object import (
    MailParameters,
    ignored_in,
    read_edits,
)
from services.gateway.operations.parameters.email_object_keys import SPELLINGS, chosen
from services.gateway.operations.parameters.reading import read
from services.gateway.operations.properties.add_comment import CommentParameters
from services.gateway.operations.properties.user_data import RemoveParameters
from services.gateway.wire.emails import email_message
from services.gateway.wire.mail import draft
from services.gateway.wire.messages import for_holder
from shared.domain.interaction import Address, Attachment, Email
from tests.unit.gateway.wire.test_wire import DRAFT as WIRE_DRAFT

DRAFT = Email(
    subject="Re: Invoice 17",
    sender=Address("support@demo.example", "Support"),
    to=(Address("ann@example.org", "Ann"), Address("bob@example.org")),
    cc=(Address("carl@example.org"),),
    bcc=(Address("boss@example.org"),),
    text="Hello",
    html="<p>Hello</p>",
    attachments=(Attachment("00009A8T8Y13002S", "a.pdf", 9, "application/pdf"),),
)
CHANGED = {
    "to": "dora@example.org",
    "cc": "dora@example.org",
    "bcc": "dora@example.org",
    "sender": "sales@demo.example",
    "subject": "Other",
    "text": "Other",
    "html": "<p>Other</p>",
}
OUTBOUND = replace(WIRE_DRAFT, mail=DRAFT)
AS_IT_CAME = draft(OUTBOUND)
FIELDS = sorted(CHANGED)


def cased(spelling: str) -> st.SearchStrategy[str]:
    """Give every way to write a spelling with small and capital letters."""
    flags = st.lists(st.booleans(), min_size=len(spelling), max_size=len(spelling))
    return flags.map(
        lambda several: "".join(
            one.upper() if big else one for one, big in zip(spelling, several, strict=True)
        )
    )


def spellings(field: str) -> st.SearchStrategy[str]:
    return st.sampled_from(SPELLINGS[field]).flatmap(cased)


def shown(field: str, mail: Email = DRAFT) -> Any:
    """Return a field of a draft as messages have it."""
    value = getattr(mail, field)
    if isinstance(value, tuple):
        return ",".join(one.address for one in value)
    return value.address if isinstance(value, Address) else value


def plain(value: Any) -> Any:
    """Return what was read as messages show it."""
    if isinstance(value, list):
        return ",".join(one.address for one in value)
    return getattr(value, "address", value)


@given(st.data())
def test_changed_spelling_wins_wherever_it_stands(data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(FIELDS))
    first, second = data.draw(st.lists(spellings(field), min_size=2, max_size=2, unique=True))
    pair = [(first, CHANGED[field]), (second, shown(field))]
    order = data.draw(st.permutations(pair))

    assert plain(getattr(read_edits(dict(order), DRAFT), field)) == CHANGED[field]


@given(st.data())
def test_two_changes_of_one_field_are_refused_by_name(data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(FIELDS))
    first, second = data.draw(st.lists(spellings(field), min_size=2, max_size=2, unique=True))
    other = "eve@demo.example" if field in {"to", "cc", "bcc", "sender"} else "Third"

    with pytest.raises(RequestError) as refusal:
        read_edits({first: CHANGED[field], second: other}, DRAFT)

    assert refusal.value.situation is Situation.VALUE_REFUSED
    assert first in refusal.value.message
    assert second in refusal.value.message


@given(st.lists(st.integers(0, 3), min_size=1, max_size=4), st.integers(0, 3))
def test_chosen_is_the_only_change_or_what_is_drafted(values: list[int], drafted: int) -> None:
    spelled = {f"key{number}": value for number, value in enumerate(values)}
    changes = {value for value in values if value != drafted}

    if len(changes) > 1:
        with pytest.raises(RequestError):
            chosen(spelled, lambda value: value == drafted)
    else:
        expected = changes.pop() if changes else drafted
        assert chosen(spelled, lambda value: value == drafted) == expected


@pytest.mark.parametrize(
    ("field", "key"),
    [
        ("subject", "Subject"),
        ("subject", "subject"),
        ("to", "ToAddress"),
        ("to", "toAddress"),
        ("to", "to"),
        ("cc", "CCAddresses"),
        ("cc", "ccAddress"),
        ("bcc", "BCCAddresses"),
        ("bcc", "bccAddress"),
        ("sender", "FromAddress"),
        ("sender", "fromAddress"),
        ("text", "Text"),
        ("text", "text"),
        ("text", "bodyAsPlainText"),
        ("html", "StructuredText"),
        ("html", "structuredText"),
        ("html", "body"),
    ],
)
def test_mail_as_it_came_with_one_change_keeps_it(field: str, key: str) -> None:
    edits = read_edits(AS_IT_CAME | {key: CHANGED[field]}, DRAFT)

    assert {name: plain(getattr(edits, name)) for name in FIELDS} == {
        name: CHANGED[name] if name == field else shown(name) for name in FIELDS
    }


def test_mail_that_came_cut_is_not_written_back() -> None:
    came = draft(OUTBOUND, longest=3)

    with pytest.raises(RequestError) as refusal:
        read_edits(came, DRAFT)

    assert refusal.value.situation is Situation.VALUE_REFUSED
    assert "truncated" in refusal.value.message
    words = {"Text", "StructuredText"}
    assert read_edits({k: v for k, v in came.items() if k not in words}, DRAFT).text is None


def test_kind_of_a_body_is_the_one_that_was_changed() -> None:
    edits = read_edits({"MimeType": "text/plain", "body": "<p>x</p>", "mime": "text/html"}, DRAFT)

    assert (edits.text, edits.html) == (None, "<p>x</p>")


@pytest.mark.parametrize(
    ("model", "body", "names"),
    [
        (RemoveParameters, {"userData": {"a": 1}, "keys": ["b"]}, ("userData", "keys")),
        (CommentParameters, {"comment": "a", "TheComment": "b"}, ("comment", "TheComment")),
        (
            CreateParameters,
            {"queueName": "q", "parentInteractionId": "1", "parentId": "2"},
            ("parentInteractionId", "parentId"),
        ),
        (MailParameters, {"email_object": {"a": 1}, "email": {"a": 2}}, ("email_object", "email")),
    ],
)
def test_parameter_with_two_names_and_values_is_refused(
    model: Any, body: dict[str, Any], names: tuple[str, str]
) -> None:
    with pytest.raises(RequestError) as refusal:
        read(model, body)

    assert refusal.value.situation is Situation.VALUE_REFUSED
    assert all(name in refusal.value.message for name in names)


def test_parameter_with_two_names_and_one_value_is_read() -> None:
    assert read(CommentParameters, {"comment": "a", "TheComment": "a"}).comment == "a"
    same = {"subject": "x"}
    assert read(MailParameters, {"email_object": same, "email": same}).mail == same


def test_field_in_countless_spellings_is_refused_before_it_is_read() -> None:
    cases = itertools.product(*((one, one.upper()) for one in "toaddresses"))
    mail = {"".join(letters): "a@x.example, " * 100 for letters in cases}

    with pytest.raises(RequestError) as refusal:
        read_edits(mail, DRAFT)

    assert refusal.value.situation is Situation.VALUE_REFUSED
    assert len(refusal.value.message) < 500


def test_unknown_keys_of_a_mail_are_refused_by_name() -> None:
    with pytest.raises(RequestError) as refusal:
        read_edits({"toAddress": "a@x.example", "ccAdress": "b@x.example"}, DRAFT)

    assert refusal.value.situation is Situation.VALUE_REFUSED
    assert "ccAdress" in refusal.value.message


@pytest.mark.parametrize("release", [AS_IT_CAME, email_message(for_holder(OUTBOUND, longest=None))])
def test_every_key_of_a_message_is_known_when_it_comes_back(release: dict[str, Any]) -> None:
    read_edits(release.get("email", release), DRAFT)


def test_keys_that_no_edit_changes_are_named_where_they_were_changed() -> None:
    changed = AS_IT_CAME | {"TheComment": "mine", "attachments": [], "Subject": "Other"}

    assert ignored_in(MailParameters(email_object=changed), AS_IT_CAME) == {
        "ignoredKeys": ["TheComment", "attachments"]
    }
    assert ignored_in(MailParameters(email_object=AS_IT_CAME), AS_IT_CAME) == {}
