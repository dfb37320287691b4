"""Headers that other programs have to understand: ids of every length, addresses of every kind."""

import base64
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.composition.draft_rules import references_after
from services.composition.rendering.header_fields import UnsendableMailError
from services.composition.rendering.headers import wire_address
from services.composition.rendering.renderer import recipients_of, render
from shared.domain.interaction import Address, Email
from shared.mail.parsed_mail import ParsedMail
from shared.mail.parsing.parser import parse_mail

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MAIL = Email(
    subject="Re: Invoice 17",
    sender=Address("support@demo.example", "Demo Support"),
    to=(Address("ann@example.org"),),
    text="Hello",
    message_id="<reply@demo.example>",
)
EXCHANGE = "<DM6PR11MB4657F1C9A2B3C4D5E6F7A8B9C0D1E@DM6PR11MB4657.namprd11.prod.outlook.com>"


def sized(length: int, number: int = 0) -> str:
    return f"<{number}.".ljust(length - len("@x.example>"), "a") + "@x.example>"


def both_read(mail: Email) -> tuple[ParsedMail, EmailMessage]:
    raw = render(mail, AT)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    return parse_mail(raw), message_from_bytes(raw, policy=policy.default)


@pytest.mark.parametrize("parent", [EXCHANGE, *map(sized, (20, 66, 78, 79, 80, 150, 900, 972))])
def test_an_id_stays_whole_however_long_it_is(parent: str) -> None:
    mail = replace(MAIL, in_reply_to=parent, references=("<0@example.org>", parent))

    ours, theirs = both_read(mail)

    assert ours.in_reply_to == (parent,)
    assert ours.references == ("<0@example.org>", parent)
    assert theirs["In-Reply-To"] == parent
    assert theirs["References"].split() == ["<0@example.org>", parent]
    assert b"=?" not in render(mail, AT)


@pytest.mark.parametrize("length", [20, 80, 150, 900])
def test_a_long_conversation_keeps_its_root_and_its_newest_mails(length: int) -> None:
    ids = tuple(sized(length, number) for number in range(30))
    original = replace(MAIL, message_id=ids[-1], references=ids[:-1])

    ours, theirs = both_read(replace(MAIL, references=references_after(original)))

    assert ours.references == (ids[0], *ids[-19:])
    assert theirs["References"].split() == [ids[0], *ids[-19:]]


@pytest.mark.parametrize(
    "bad",
    [
        "<jörg@example.org>",
        "<a b@x>",
        "<a\tb@x>",
        "<a\r\nX: y>",
        "<a\0@x>",
        "a@x",
        "<>",
        "<a<b@x>",
        sized(973),
        sized(5000),
        "<\ud800@x>",
    ],
)
def test_invalid_message_id_is_left_out(bad: str) -> None:
    mail = replace(MAIL, in_reply_to=bad, references=("<0@example.org>", bad, "<1@example.org>"))

    ours, theirs = both_read(mail)

    assert ours.in_reply_to == ()
    assert theirs["In-Reply-To"] is None
    assert theirs["References"] == "<0@example.org> <1@example.org>"


def test_our_own_id_stays_whole_however_long_our_domain_is() -> None:
    mail = replace(MAIL, message_id=sized(280))

    ours, theirs = both_read(mail)

    assert ours.message_id == theirs["Message-ID"] == mail.message_id


@pytest.mark.parametrize("name", ["", "Ann Ångström", "Doe, Ann", "Ann " * 50, "名前" * 60])
@pytest.mark.parametrize("length", [5, 40, 64])
def test_long_addresses_are_distinguished(name: str, length: int) -> None:
    several = tuple(
        Address(f"{letter * length}@{'b' * 60}.example", name.strip()) for letter in "acde"
    )

    ours, theirs = both_read(replace(MAIL, sender=several[0], to=several, cc=several))

    assert ours.from_ == several[:1]
    assert ours.to == ours.cc == several
    assert [one.addr_spec for one in theirs["To"].addresses] == [one.address for one in several]
    # Python reads a blank between two encoded words where there is none (RFC 2047 section 6.2).
    named = {"".join(one.display_name.split()) for one in theirs["Cc"].addresses}
    assert named == {"".join(name.split())}


@pytest.mark.parametrize(
    "name", ["a.b", 'say "hi"', "back\\slash", "=?utf-8?q?x?=", "a@b.example", "<x>", "(c)", "x=y"]
)
def test_every_name_arrives(name: str) -> None:
    ours, theirs = both_read(replace(MAIL, sender=Address("support@demo.example", name)))

    assert theirs["From"].addresses[0].display_name == name
    assert ours.from_[0].address == "support@demo.example"


@given(st.text(max_size=200))
def test_no_name_moves_an_address(name: str) -> None:
    mail = replace(MAIL, to=(Address("a@x.example", name), Address("b@x.example", name)))

    try:
        _, theirs = both_read(mail)
    except UnsendableMailError:
        return

    assert [one.addr_spec for one in theirs["To"].addresses] == ["a@x.example", "b@x.example"]


def test_a_name_of_blanks_is_none() -> None:
    assert b"To: ann@example.org\r\n" in render(
        replace(MAIL, to=(Address("ann@example.org", " "),)), AT
    )


def test_an_address_beyond_ascii_is_written_as_it_is() -> None:
    mail = replace(MAIL, to=(Address("jörg@bücher.example", "Jörg"),))

    ours, _ = both_read(mail)

    assert recipients_of(mail) == ("jörg@xn--bcher-kva.example",)
    assert ours.to == (Address("jörg@xn--bcher-kva.example", "Jörg"),)


def test_mail_with_ascii_local_parts_is_ascii() -> None:
    page = base64.b64encode("Grüße".encode()).decode()
    mail = replace(MAIL, to=(Address("ann@bücher.example", "Jörg"),), subject="Grüße", html=page)

    assert render(mail, AT).isascii()


@pytest.mark.parametrize(
    "text",
    [
        "ann",
        "ann@",
        "@x.example",
        "a b@x.example",
        "a@x y",
        "a@b@",
        "a,b@x.example",
        "<a@x.example>",
        "a\u0085b@x.example",
        f"{'a' * 320}@x.example",
        '"a"b"@x.example',
        "a@x.example\n",
    ],
)
def test_invalid_address_is_not_sent_to(text: str) -> None:
    with pytest.raises(UnsendableMailError):
        wire_address(text)


@pytest.mark.parametrize(
    "text", ["a.b+c=d@x.test", "o'neil@x.test", '"a b"@x.test', "a..b.@docomo.example", "a@[::1]"]
)
def test_valid_address_is_left_to_the_server(text: str) -> None:
    assert wire_address(text) == text
