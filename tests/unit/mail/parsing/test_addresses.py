"""Address headers, regular and malformed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail.parsing import addresses as addresses_module
from shared.mail.parsing.addresses import parse_addresses, parse_named

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
        (b"Doe, Ann B., MD <a@x.example>", [("a@x.example", "Doe, Ann B., MD")]),
        (b"Doe, Ann, MD, PhD <a@x.example>", [("a@x.example", "Doe, Ann, MD, PhD")]),
        (
            b"Doe; Ann <a@x.example>; b@y.example",
            [("a@x.example", "Doe, Ann"), ("b@y.example", "")],
        ),
        (
            b"b@y.example, Doe, Ann, MD <a@x.example>",
            [("b@y.example", ""), ("a@x.example", "Doe, Ann, MD")],
        ),
        (b'"Shop" <>', []),
        (b"Shop < >, Ann <a@x.example>", [("a@x.example", "Ann")]),
        (b"undisclosed-recipients", []),
        (b"Doe, Ann B., MD, <a@x.example>", [("a@x.example", "Doe, Ann B., MD")]),
        (b"root, <a@x.example>", [("root", ""), A]),
        (b'<"ann b"@x.example>', [('"ann b"@x.example', "")]),
        (b'"ann b"@x.example', [('"ann b"@x.example', "")]),
        (b'Ann <"a,b"@x.example>', [('"a,b"@x.example', "Ann")]),
        (b"Ann <a @ x.example>", [("a@x.example", "Ann")]),
        (b"Ann <a@x.example> Bob <b@y.example>", [("a@x.example", "Ann"), ("b@y.example", "Bob")]),
        (b"<a@x.example> <b@y.example>", [A, ("b@y.example", "")]),
        (b"<a@x.example> Ann", [("a@x.example", "Ann")]),
        (b"<root> <a@x.example>", [A]),
        (b"a@x.example <a@x.example>", [("a@x.example", "a@x.example")]),
        (b"=?utf-8?q?J=C3=B6rg <a@x.example>", [("a@x.example", "J\u00f6rg")]),
        (b"=?gb2312?q?\xb2\xe2\xca\xd4?= <a@x.example>", [("a@x.example", "\u6d4b\u8bd5")]),
    ],
)
def test_a_header_names_these_mailboxes(value: bytes, expected: list[tuple[str, str]]) -> None:
    found = parse_addresses([value])

    assert [(address.address, address.personal) for address in found] == expected


def test_repeated_headers_add_up() -> None:
    found = parse_addresses([b"a@x.example", b"b@y.example"])

    assert [address.address for address in found] == ["a@x.example", "b@y.example"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            b"Ann <=?utf-8?q?b=40bank=2Eexample=3E?=@x.example>",
            "=?utf-8?q?b=40bank=2Eexample=3E?=@x.example",
        ),
        (
            b"<=?utf-8?b?YkBiYW5rLmV4YW1wbGU=?=@x.example>",
            "=?utf-8?b?YkBiYW5rLmV4YW1wbGU=?=@x.example",
        ),
        (b"=?utf-8?q?b=40bank?=a@x.example", "=?utf-8?q?b=40bank?=a@x.example"),
        (b"=?utf-8?q?b=40bank.example?= <a@x.example>", "a@x.example"),
        (b"=?utf-8?q?<b@bank.example>?= <a@x.example>", "a@x.example"),
    ],
)
def test_nothing_in_an_address_is_decoded(value: bytes, expected: str) -> None:
    assert [found.address for found in parse_addresses([value])] == [expected]


@pytest.mark.parametrize(
    "value",
    [
        b"=?utf-8?q?b=40bank.example?=",
        b"=?utf-8?q?b@bank.example?=",
        b"=?utf-8?b?YkBiYW5rLmV4YW1wbGU=?=",
        b"=?utf-8?q?Ann_=3Cb=40bank.example=3E?=",
        b"=?utf-8?q?Ann_<b@bank.example>?=",
        b'"=?utf-8?q?b@bank.example?="',
    ],
)
def test_encoded_word_is_a_name_and_never_an_address(value: bytes) -> None:
    assert parse_addresses([value]) == ()


def test_addresses_behind_the_limit_are_left_out() -> None:
    assert len(parse_addresses([b"a@x.example," * 2_001])) == 2_000
    assert len(parse_addresses([b"a@x.example," * 3] * 3, limit=4)) == 4


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
        b"=?a?q?x " * 30_000,
        b"=?a?q?" + b"?" * 200_000,
        b"a," * 100_000 + b"b <c@x.example>",
        b"<a@b>" * 40_000,
    ],
)
def test_hostile_headers_end(value: bytes) -> None:
    for address in parse_addresses([value], limit=1_000_000):
        assert address.address


SCRAPS = [
    *(
        b"Ann",
        b"Doe",
        b"J.",
        b"O'Neil",
        b"'Ann'",
        b'"Doe, Ann"',
        b'"a@x.example"',
        b"MAILER-DAEMON",
    ),
    *(b"a@x.example", b"<a@x.example>", b"b+c=d@y-z.example", b"a@[192.0.2.1]", b"<>", b"@"),
    *(b"=?utf-8?q?J=C3=B6rg?=", b"=?utf-8?b?SsO2cmc=?=", b"=?x?q?a@b?=", b"=?", b"?=", b"="),
    *(b" ", b" ", b"  ", b"\t", b",", b", ", b";", b":", b"<", b">", b"(", b")", b"(Ann)", b'"'),
    *(b"\xe9", b"\xe2\x80\x8b", b"\\", b"\x01", b"mailto:"),
]


@given(st.lists(st.sampled_from(SCRAPS), max_size=12).map(b"".join), st.sampled_from([1, 2, 50]))
def test_plain_mailboxes_are_read_like_any_other(value: bytes, limit: int) -> None:
    read = parse_named((value,), limit=limit)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(addresses_module, "_plain", lambda _text, _limit: ())
        addresses_module._named_in.cache_clear()
        lexeme_by_lexeme = parse_named((value,), limit=limit)
    addresses_module._named_in.cache_clear()

    assert read == lexeme_by_lexeme
