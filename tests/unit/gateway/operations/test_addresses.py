"""Addresses in every form that clients send."""

from typing import Any

import pytest

from services.gateway.errors import RequestError, Situation
from services.gateway.operations.parameters.addresses import (
    is_address,
    read_address,
    read_addresses,
)
from services.gateway.operations.parameters.email_object import read_edits


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        ("ann@example.org", [("ann@example.org", "")]),
        ("Ann <ann@example.org>", [("ann@example.org", "Ann")]),
        ("a@x.example, b@y.example", [("a@x.example", ""), ("b@y.example", "")]),
        ("a@x.example;b@y.example", [("a@x.example", ""), ("b@y.example", "")]),
        ('"Doe; Ann" <ann@example.org>', [("ann@example.org", "Doe; Ann")]),
        (["a@x.example", "b@y.example"], [("a@x.example", ""), ("b@y.example", "")]),
        ({"address": "a@x.example", "personal": "A"}, [("a@x.example", "A")]),
        ([{"address": " a@x.example "}], [("a@x.example", "")]),
        ("bücher@bücher.example".replace("bücher@", "b@"), [("b@bücher.example", "")]),
        ("jörg@example.com", [("jörg@example.com", "")]),
        ("Jörg <jo\u0308rg@bücher.example>", [("jörg@bücher.example", "Jörg")]),
        ("用户@例え.jp", [("用户@例え.jp", "")]),
        ("ann@localhost", [("ann@localhost", "")]),
        ("ann@mail.local", [("ann@mail.local", "")]),
        ("a.b+c=d@x.test", [("a.b+c=d@x.test", "")]),
        ("", []),
        ([], []),
    ],
)
def test_addresses_are_read(value: Any, addresses: list[tuple[str, str]]) -> None:
    found = read_addresses(value, "toAddress")

    assert [(one.address, one.personal) for one in found] == addresses


@pytest.mark.parametrize(
    "value",
    [
        "ann",
        "ann@",
        "@example.org",
        "a b@example.org",
        "a@b..example",
        "a\u202eb@x.example",
        "a\u00a0b@x.example",
        "\ud800@x.example",
        "a@-b.example",
        "a@x.example\r\nBcc: b@y.example",
        {"address": "a@x.example", "personal": "A\nBcc: b@y.example"},
        {"address": "a@x.example", "personal": 7},
        {"personal": "A"},
        [7],
        7,
        f"{'a' * 65}@example.org",
        f"a@{'b' * 64}.example",
    ],
)
def test_malformed_address_is_refused(value: Any) -> None:
    with pytest.raises(RequestError) as refusal:
        read_addresses(value, "toAddress")

    assert refusal.value.situation is Situation.VALUE_REFUSED
    assert "toAddress" in refusal.value.message


def test_a_sender_is_one_address() -> None:
    with pytest.raises(RequestError):
        read_address("a@x.example, b@y.example", "fromAddress")


def test_a_thousand_addresses_are_too_many() -> None:
    with pytest.raises(RequestError):
        read_addresses(["a@x.example"] * 1000, "toAddress")


def test_hostile_input_is_judged_in_linear_time() -> None:
    assert not is_address("a." * 50_000 + "@" + "b-" * 50_000)


@pytest.mark.parametrize(
    ("mail", "field", "value"),
    [
        ({"Subject": "x"}, "subject", "x"),
        ({"bodyAsPlainText": "x"}, "text", "x"),
        ({"StructuredText": "<b>x</b>"}, "html", "<b>x</b>"),
        ({"body": "<b>x</b>"}, "html", "<b>x</b>"),
        ({"body": "x", "mime": "text/plain"}, "text", "x"),
        ({"subject": None}, "subject", None),
        ({}, "to", None),
        ({"toAddress": ""}, "to", []),
    ],
)
def test_every_spelling_of_what_is_sent_is_read(
    mail: dict[str, object], field: str, value: object
) -> None:
    assert getattr(read_edits(mail), field) == value


@pytest.mark.parametrize("key", ["toAddress", "ToAddress", "toAddresses", "to", "TO"])
def test_recipients_go_by_many_names(key: str) -> None:
    recipients = read_edits({key: "a@x.example"}).to

    assert recipients is not None
    assert [one.address for one in recipients] == ["a@x.example"]
