"""What a reader of the mail sees."""

import pytest

from shared.mail.flowed import unflow
from shared.mail.parsing import parse_mail
from tests.unit.mail.mails import file_part, mail, multipart, part, whole

TEXT = part(b"text/plain; charset=utf-8", b"the text")
HTML = part(b"text/html; charset=utf-8", b"<p>the <b>html</b></p>")


def test_of_alternatives_text_and_html_are_both_kept() -> None:
    parsed = parse_mail(whole(multipart(b"alternative", TEXT, HTML)))

    assert parsed.text == "the text"
    assert parsed.html == "<p>the <b>html</b></p>"
    assert parsed.attachments == ()


def test_html_alone_gives_the_text_too() -> None:
    parsed = parse_mail(whole(HTML))

    assert parsed.text == "the html"


def test_an_empty_text_beside_html_does_not_count() -> None:
    parsed = parse_mail(whole(multipart(b"alternative", part(b"text/plain", b" \r\n"), HTML)))

    assert parsed.text == "the html"


def test_plain_text_alone_has_no_html() -> None:
    assert parse_mail(mail(b"", b"Hello\r\nthere\r\n")).html is None


def test_all_inline_texts_are_read_in_order() -> None:
    footer = part(b"text/plain", b"-- \r\nthe list")
    parsed = parse_mail(whole(multipart(b"mixed", TEXT, file_part(b"a.pdf", b"%PDF"), footer)))

    assert parsed.text == "the text\n\n-- \nthe list"
    assert [attachment.name for attachment in parsed.attachments] == ["a.pdf"]


def test_html_and_a_text_footer_are_one_html() -> None:
    parsed = parse_mail(whole(multipart(b"mixed", HTML, part(b"text/plain", b"1 < 2"))))

    assert parsed.text == "the html\n\n1 < 2"
    assert parsed.html == (
        '<p>the <b>html</b></p>\n<div style="white-space:pre-wrap">1 &lt; 2</div>'
    )


@pytest.mark.parametrize(
    "attached",
    [
        file_part(b"notes.txt", b"notes", b"text/plain"),
        part(b'text/plain; name="notes.txt"', b"notes"),
        part(b"text/plain", b"notes", b"Content-Disposition: inline; filename=notes.txt"),
    ],
)
def test_a_text_with_a_name_is_a_file(attached: bytes) -> None:
    parsed = parse_mail(whole(multipart(b"mixed", TEXT, attached)))

    assert parsed.text == "the text"
    assert [attachment.name for attachment in parsed.attachments] == ["notes.txt"]


def test_a_name_does_not_make_the_only_text_a_file() -> None:
    parsed = parse_mail(mail(b'Content-Type: text/plain; name="body.txt"\r\n', b"the text"))

    assert parsed.text == "the text"
    assert parsed.attachments == ()


def test_a_forwarded_mail_is_a_file_and_not_body() -> None:
    forwarded = part(b"message/rfc822", b"Subject: Old news\r\n\r\ninner")
    parsed = parse_mail(whole(multipart(b"mixed", TEXT, forwarded)))

    assert parsed.text == "the text"
    assert parsed.attachments[0].name == "Old news.eml"


def test_an_invitation_stays_a_file_beside_the_text() -> None:
    parsed = parse_mail(
        whole(multipart(b"alternative", TEXT, HTML, part(b"text/calendar", b"BEGIN:VCALENDAR")))
    )

    assert [attachment.media_type for attachment in parsed.attachments] == ["text/calendar"]


def test_a_second_form_of_the_same_body_is_left_out() -> None:
    amp = part(b"text/x-amp-html", b"<html amp4email>")

    assert parse_mail(whole(multipart(b"alternative", TEXT, amp, HTML))).attachments == ()


def test_the_charset_in_the_html_counts_where_the_header_has_none() -> None:
    body = '<meta charset="koi8-r"><p>Привет</p>'.encode("koi8-r")

    assert parse_mail(mail(b"Content-Type: text/html\r\n", body)).text == "Привет"


def test_a_uuencoded_file_leaves_the_text() -> None:
    parsed = parse_mail(mail(b"", b"See:\r\nbegin 644 a.txt\r\n#:&D*\r\n`\r\nend\r\nBye\r\n"))

    assert parsed.text == "See:\nBye"
    assert [(file.index, file.name, file.size) for file in parsed.attachments] == [(1, "a.txt", 3)]


def test_heavy_html_is_left_out_but_its_words_are_read() -> None:
    parsed = parse_mail(mail(b"Content-Type: text/html\r\n", b"<div>" * 1_500 + b"the words"))

    assert parsed.html is None
    assert parsed.text == "the words"
    assert "html-too-heavy" in parsed.warnings


@pytest.mark.parametrize(
    ("flowed", "delete_space", "text"),
    [
        ("one \ntwo\nthree", False, "one two\nthree"),
        ("one \ntwo", True, "onetwo"),
        ("> one \n> two\nthree", False, "> one two\nthree"),
        (">> a \n> b", False, ">> a \n> b"),
        (" From here", False, "From here"),
        (" > no quote", False, "> no quote"),
        ("text \n-- \nAnn", False, "text \n-- \nAnn"),
        ("", False, ""),
    ],
)
def test_flowed_text_becomes_paragraphs(flowed: str, delete_space: bool, text: str) -> None:
    assert unflow(flowed, delete_space=delete_space) == text


def test_flowed_mail_is_unflowed() -> None:
    parsed = parse_mail(mail(b"Content-Type: text/plain; format=flowed\r\n", b"one \r\ntwo\r\n"))

    assert parsed.text == "one two"
