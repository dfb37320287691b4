"""The assignment of mails to threads."""

import pytest

from shared.mail.parsing.parser import parse_mail
from shared.mail.threads import base_subject, is_forward, thread_references
from tests.unit.mail.mails import mail


def test_the_nearest_ancestor_comes_first() -> None:
    parsed = parse_mail(
        mail(b"Message-ID: <d@x>\r\nIn-Reply-To: <c@x>\r\nReferences: <a@x> <b@x> <c@x>\r\n")
    )

    assert thread_references(parsed) == ("<c@x>", "<b@x>", "<a@x>")


def test_a_mail_that_names_itself_is_not_its_own_parent() -> None:
    parsed = parse_mail(mail(b"Message-ID: <a@x>\r\nReferences: <a@x> <b@x>\r\n"))

    assert thread_references(parsed) == ("<b@x>",)


@pytest.mark.parametrize(
    ("line", "ids"),
    [
        (b"In-Reply-To: <a@x>", ("<a@x>",)),
        (b"In-Reply-To: a@x", ("<a@x>",)),
        (b'In-Reply-To: Your message of "Mon" <a@x>', ("<a@x>",)),
        (b"In-Reply-To: <a\r\n @x>", ("<a@x>",)),
        (b"In-Reply-To:", ()),
        (b"In-Reply-To: yesterday", ()),
    ],
)
def test_ids_are_found_in_what_programs_write(line: bytes, ids: tuple[str, ...]) -> None:
    assert parse_mail(mail(line + b"\r\n")).in_reply_to == ids


def test_references_beyond_a_hundred_count_by_the_last() -> None:
    ids = b" ".join(b"<%d@x>" % n for n in range(150))

    references = parse_mail(mail(b"References: " + ids + b"\r\n")).references

    assert references[0] == "<50@x>"
    assert references[-1] == "<149@x>"


@pytest.mark.parametrize(
    "subject",
    [
        "The offer",
        "Re: The offer",
        "RE: re: Re: The offer",
        "Re[2]: The offer",
        "Re^3: The offer",
        "Re (4): The offer",
        "AW: WG: The offer",
        "SV: VS: The offer",
        "Antw: The offer",
        "Odp: The offer",
        "RIF: R: I: The offer",
        "RES: ENC: The offer",
        "YNT: The offer",
        "TR: RV: The offer",
        "回复\N{FULLWIDTH COLON}The offer",
        "답장: The offer",
        "Fwd: FW: The offer",
        "The offer (fwd)",
        "  re :  The offer ",
    ],
)
def test_prefixes_of_many_languages_are_taken_off(subject: str) -> None:
    assert base_subject(subject) == "The offer"


@pytest.mark.parametrize("subject", ["Return: x", "[list] Re: x", "Regarding x", "Re", "1: x"])
def test_word_that_is_no_prefix_stays(subject: str) -> None:
    assert base_subject(subject) == subject


def test_a_very_long_stack_of_prefixes_is_taken_off() -> None:
    assert base_subject("Re: " * 50_000 + "x") == "x"


@pytest.mark.parametrize(
    ("subject", "forward"),
    [("Fwd: x", True), ("WG: Re: x", True), ("Re: Fwd: x", False), ("Forward x", False)],
)
def test_the_outermost_prefix_tells_a_forward(subject: str, forward: bool) -> None:
    assert is_forward(subject) is forward
