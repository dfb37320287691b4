"""The trace fields of an arrived mail."""

from datetime import UTC, datetime

import pytest

from shared.mail.derived_ids import derived_message_id
from shared.mail.parsing.parser import parse_mail
from shared.mail.trace_fields import claimed_sender, count_hops, trace, without_return_path
from tests.unit.mail.mails import mail

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def traced(**said: str) -> bytes:
    words = {"sender": "ann@client.example", "name": "relay.example", "peer": "192.0.2.1"} | said
    return trace(recipients=["a@x", "b@x"], host="mx.example", protocol="ESMTP", now=NOON, **words)


def test_several_recipients_do_not_hear_of_each_other() -> None:
    assert b"for <" not in traced()


@pytest.mark.parametrize("word", ["x\r\nBcc: y", "x)\r\n\r\nbody", "\0\x1f", "", "y" * 5_000])
def test_no_word_of_a_client_gets_out_of_its_place(word: str) -> None:
    lines = traced(name=word, sender=word, peer=word).split(b"\r\n")

    assert [line.split(b" ")[0] for line in lines] == [
        b"Return-Path:",
        b"Received:",
        b"\tby",
        b"\tMon,",
        b"",
    ]
    assert all(len(line) <= 998 for line in lines)


def test_the_null_sender_stays_null() -> None:
    assert traced(sender="").startswith(b"Return-Path: <>\r\n")


def test_a_mail_without_an_id_gets_the_same_one_on_every_way() -> None:
    letter = mail(b"X-Any: thing\r\n")

    assert derived_message_id(traced() + letter) == derived_message_id(letter)
    assert parse_mail(traced() + letter).message_id == parse_mail(letter).message_id


def test_an_address_of_ipv6_is_written_as_a_literal_of_its_kind() -> None:
    assert b"([IPv6:2001:db8::1])\r\n" in traced(peer="2001:db8::1")


def test_return_path_is_removed_with_its_folded_lines_only() -> None:
    letter = mail(b"X-Any: thing\r\n", b"Return-Path: <inner@x>\r\n")

    assert without_return_path(b"Return-Path:\r\n\t<ann@x>\r\n" + letter) == letter
    assert without_return_path(letter) == letter
    assert without_return_path(traced() + letter).startswith(b"Received: from")


def test_return_path_is_removed_wherever_it_stands() -> None:
    letter = b"Delivered-To: us@x\r\nReturn-Path: <a@x>\r\nFrom: b@x\r\n\r\nHello\r\n"

    assert without_return_path(letter) == b"Delivered-To: us@x\r\nFrom: b@x\r\n\r\nHello\r\n"


@pytest.mark.parametrize(
    ("field", "address"),
    [
        (b"Return-Path: <ann@x>\r\n", "ann@x"),
        (b"return-path:\r\n\t<ann@x>\r\n", "ann@x"),
        (b"Return-Path: <>\r\n", ""),
        (b"Return-Path: ann@x\n", "ann@x"),
        (b"X-Any: thing\r\n", "ann@client.example"),
    ],
)
def test_return_path_or_else_from_says_the_sender(field: bytes, address: str) -> None:
    assert claimed_sender(mail(field)) == address


def test_return_path_in_the_text_is_no_sender() -> None:
    assert claimed_sender(b"X-Any: thing\r\n\r\nReturn-Path: <ann@x>\r\nFrom: <ann@x>\r\n") == ""


def test_hops_of_the_header_are_counted_and_no_others() -> None:
    letter = mail(b"Received: a\r\n\tb\r\nX-Received: c\r\nRECEIVED: d\r\n", b"Received: e\r\n")

    assert count_hops(letter) == 2
