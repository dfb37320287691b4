"""Senders who may want to be taken for somebody else."""

import pytest

from shared.domain.interaction import Address
from shared.mail.authentication.look_alikes import is_deceptive, sender_warnings
from shared.mail.parsing.parser import parse_mail


def warnings(sender: Address, *reply_to: str, is_from_list: bool = False) -> list[str]:
    return [*sender_warnings(sender, tuple(map(Address, reply_to)), is_from_list=is_from_list)]


def test_plain_sender_has_no_warning() -> None:
    assert not warnings(Address("ann@client.example", "Ann"), "sales@client.example")


def test_name_that_is_another_address_is_said() -> None:
    assert warnings(Address("x@evil.example", "boss@bank.example")) == ["name-is-other-address"]
    assert not warnings(Address("Ann@client.example", "ann@client.example"))


def test_answer_that_goes_to_another_host_is_said() -> None:
    sender = Address("ann@client.example")

    assert warnings(sender, "ann@evil.example") == ["reply-elsewhere"]
    assert not warnings(sender, "ann@mail.client.example")
    assert not warnings(sender, "list@lists.example", is_from_list=True)


@pytest.mark.parametrize(
    ("host", "deceptive"),
    [
        ("client.example", False),
        ("xn--mnchen-3ya.example", False),
        ("p\u0430ypal.example", True),
        ("xn--pypal-4ve.example", True),
        ("\u0430\u0440\u0440\u04cf\u0435.example", True),
        ("\u043f\u043e\u0447\u0442\u0430.example", False),
        ("xn--.example", False),
    ],
)
def test_host_of_mixed_alphabets_is_deceptive(host: str, deceptive: bool) -> None:
    assert is_deceptive(host) is deceptive


def test_warnings_of_the_sender_are_those_of_the_mail() -> None:
    raw = b'From: "boss@bank.example" <x@evil.example>\r\nReply-To: y@other.example\r\n\r\nHi\r\n'

    assert parse_mail(raw).warnings == ("name-is-other-address", "reply-elsewhere")


def test_each_field_has_the_hops_above_it() -> None:
    raw = (
        b"Received: a\r\nAuthentication-Results: mx.demo.example; spf=pass\r\nReceived: b\r\n"
        b"Authentication-Results: forged;\r\n dmarc=pass\r\nFrom: a@b.example\r\n\r\nHi\r\n"
    )

    found = parse_mail(raw).authentication

    assert [(one.hop, one.value) for one in found] == [
        (1, "mx.demo.example; spf=pass"),
        (2, "forged; dmarc=pass"),
    ]
