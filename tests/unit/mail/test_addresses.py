"""Address headers as they are really written."""

import pytest

from shared.mail.addresses import parse_addresses
from shared.mail.limits import UnparsableMailError

A = ("a@x.example", "")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"a@x.example", [A]),
        (b"<a@x.example>", [A]),
        (b"Ann <a@x.example>", [("a@x.example", "Ann")]),
        (b'"Doe, Ann" <a@x.example>', [("a@x.example", "Doe, Ann")]),
        (b"Doe, Ann <a@x.example>", [("a@x.example", "Doe, Ann")]),
        (b'"Ann \\"A\\" Doe" <a@x.example>', [("a@x.example", 'Ann "A" Doe')]),
        (b"a@x.example, b@y.example", [A, ("b@y.example", "")]),
        (b"a@x.example; b@y.example", [A, ("b@y.example", "")]),
        (b"a@x.example (Ann)", [("a@x.example", "Ann")]),
        (b"a@(where (nested))x.example", [("a@x.example", "where nested")]),
        (b"Team: a@x.example, Bob <b@y.example>;", [A, ("b@y.example", "Bob")]),
        (b"undisclosed-recipients:;", []),
        (b"unlisted-recipients:; (no To-header)", []),
        (b"<@relay.example,@other.example:a@x.example>", [A]),
        (b"mailto:a@x.example", [A]),
        (b"Ann a@x.example", [("a@x.example", "Ann")]),
        (b"=?utf-8?q?J=C3=B6rg?= <a@x.example>", [("a@x.example", "Jörg")]),
        (b'"=?utf-8?q?J=C3=B6rg?=" <a@x.example>', [("a@x.example", "Jörg")]),
        (b"=?utf-8?q?Doe, J=C3=B6rg?= <a@x.example>", [("a@x.example", "Doe, Jörg")]),
        ("Jörg <a@x.example>".encode("latin-1"), [("a@x.example", "Jörg")]),
        (b"J. R. (Bob) <a@x.example>", [("a@x.example", "J. R.")]),
        (b'"Ann <a@x.example>', [("a@x.example", "Ann")]),
        (b"(Ann <a@x.example>", [("a@x.example", "Ann")]),
        (b"Ann <a@x.example", [("a@x.example", "Ann")]),
        (b"<<a@x.example>>", [A]),
        (b"Ann <a@x.example>, , <b@y.example>", [("a@x.example", "Ann"), ("b@y.example", "")]),
        (b"MAILER-DAEMON", [("MAILER-DAEMON", "")]),
        (b"root, a@x.example", [("root", ""), A]),
        (b"Ann Doe", []),
        (b"<>", []),
        (b"", []),
        (b"user@[192.0.2.1]", [("user@[192.0.2.1]", "")]),
        (b"a@x.example\xe2\x80\xae", [A]),
        (b"Ann\r\n\t<a@x.example>", [("a@x.example", "Ann")]),
        (b"x" * 400 + b"@y.example", []),
    ],
)
def test_a_header_names_these_mailboxes(value: bytes, expected: list[tuple[str, str]]) -> None:
    found = parse_addresses([value])

    assert [(address.address, address.personal) for address in found] == expected


def test_repeated_headers_add_up() -> None:
    found = parse_addresses([b"a@x.example", b"b@y.example"])

    assert [address.address for address in found] == ["a@x.example", "b@y.example"]


def test_more_addresses_than_allowed_are_refused() -> None:
    with pytest.raises(UnparsableMailError):
        parse_addresses([b"a@x.example," * 2_001])


@pytest.mark.parametrize(
    "value",
    [
        b"(" * 100_000,
        b'\\"' * 100_000,
        b'"' * 100_001,
        b"<" * 100_000,
        b"=?a?q?" * 30_000,
        b"a@" * 100_000,
        b"<@a" + b",@a" * 50_000,
        b" " * 200_000,
        b"[" * 200_000,
    ],
)
def test_hostile_headers_end(value: bytes) -> None:
    for address in parse_addresses([value], limit=1_000_000):
        assert address.address
