"""The text and the HTML of a mail."""

import pytest

from shared.mail.mime.flowed import unflow
from shared.mail.parsing.parser import parse_mail
from tests.unit.mail.mails import file_part, mail, multipart, part, whole

TEXT = part(b"text/plain; charset=utf-8", b"the text")
HTML = part(b"text/html; charset=utf-8", b"<p>the <b>html</b></p>")


def test_alternatives_give_text_and_html() -> None:
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


def test_html_charset_counts_if_the_header_has_none() -> None:
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


NAMED = part(
    b'text/plain; name="notes.txt"', b"notes", b"Content-Disposition: inline; filename=notes.txt"
)


@pytest.mark.parametrize(
    "parts",
    [
        (NAMED, TEXT),
        (part(b'text/plain; name="notes.txt"', b"notes"), TEXT),
        (NAMED, multipart(b"alternative", TEXT, HTML).replace(b"edge", b"inner")),
        (
            part(
                b"text/plain",
                b"notes",
                b"Content-Disposition: =?utf-8?q?attachment?=; filename=notes.txt",
            ),
            TEXT,
        ),
        (
            TEXT,
            part(
                b"text/plain",
                b"notes",
                b"Content-Disposition: =?utf-8?Q?attachment=3B_filename=3Dnotes.txt?=",
            ),
        ),
        (
            TEXT,
            part(
                b"text/plain",
                b"notes",
                b"Content-Disposition: attachment; filename==?utf-8?q?notes.txt?=",
            ),
        ),
        (
            TEXT,
            part(b"text/plain", b"notes", b"Content-Disposition: attachment filename=notes.txt"),
        ),
        (TEXT, part(b"text/plain", b"notes", b"Content-Disposition: filename=notes.txt")),
        (
            TEXT,
            part(
                b"text/plain",
                b"notes",
                b'Content-Disposition: "attachment"; filename*1=s.txt; filename*0=note',
            ),
        ),
        (
            TEXT,
            part(
                b"text/plain",
                b"notes",
                b"Content-Disposition: attachment; filename*=gb2312''C:%5Cx%5Cnotes.txt",
            ),
        ),
    ],
)
def test_a_named_text_is_a_file_wherever_it_stands(parts: tuple[bytes, ...]) -> None:
    parsed = parse_mail(whole(multipart(b"mixed", *parts)))

    assert parsed.text == "the text"
    assert [(one.name, one.size) for one in parsed.attachments] == [("notes.txt", 5)]


def test_a_named_text_that_is_all_there_is_can_be_read_and_had() -> None:
    image = file_part(b"a.png", b"png", b"image/png")
    parsed = parse_mail(whole(multipart(b"mixed", NAMED, image)))

    assert parsed.text == "notes"
    assert [one.name for one in parsed.attachments] == ["notes.txt", "a.png"]


def test_a_reaction_is_shown_as_one() -> None:
    emoji = part(b"text/plain; charset=utf-8", "👍".encode(), b"Content-Disposition: reaction")

    for raw in (whole(emoji), whole(multipart(b"mixed", emoji))):
        parsed = parse_mail(raw)
        assert (parsed.text, parsed.attachments) == ("👍", ())
        assert parsed.warnings == ("reaction",)


def test_a_reaction_of_gmail_is_no_file() -> None:
    json = part(b"text/vnd.google.email-reaction+json", '{"emoji":"👍","version":1}'.encode())

    beside = parse_mail(whole(multipart(b"alternative", TEXT, json, HTML)))
    alone = parse_mail(whole(json))

    assert (beside.text, beside.attachments, beside.warnings) == ("the text", (), ("reaction",))
    assert (alone.text, alone.attachments, alone.warnings) == ("👍", (), ("reaction",))


@pytest.mark.parametrize(
    "written", [b"", b"{", b"[]", b'{"emoji":7}', b"[" * 4_000, b'"' + b"x" * 5_000 + b'"']
)
def test_a_damaged_reaction_has_no_text(written: bytes) -> None:
    assert parse_mail(whole(part(b"text/vnd.google.email-reaction+json", written))).text == ""


@pytest.mark.parametrize(
    ("html", "lines"),
    [
        ("<noscript><p>Order 17</p></noscript>", ["Order 17"]),
        ("Say:<textarea name=a>Please\ncall me</textarea>Bye", ["Say:", "Please call me", "Bye"]),
        ("<select><option>Rome<option selected>Bonn</select>!", ["Rome", "Bonn", "!"]),
        ("Order <input name=a value='17 &lt;b&gt;'> now", ["Order 17 <b> now"]),
        ("<input type=submit value=Send>", ["Send"]),
        ("<button>Send</button>", ["Send"]),
        (
            "<input type=hidden value=h><input type=password value=p><input type=radio value=r>x",
            ["x"],
        ),
        ("<input value='<script>alert(1)</script>'>", ["<script>alert(1)</script>"]),
        ("<object data='x.swf'><embed src='y.swf'>Order 17</object>", ["Order 17"]),
        ("<title>No</title><p>Yes", ["Yes"]),
        ("<!-- no --><!--[if mso]>no<![endif]--><![if !mso]>yes<![endif]>", ["yes"]),
        ("<style>no</style><script>no</script><template>no</template>yes", ["yes"]),
    ],
)
def test_fields_of_a_form_can_be_read(html: str, lines: list[str]) -> None:
    parsed = parse_mail(mail(b"Content-Type: text/html; charset=utf-8\r\n", html.encode()))

    assert [line for line in parsed.text.split("\n") if line] == lines
    assert not {"<script", "<input", "<textarea", "<noscript"} & {parsed.html or ""}


def test_the_title_of_heavy_html_is_not_read() -> None:
    heavy = b"<title>No</title>" + b"<div>" * 1_500 + b"the words"

    assert parse_mail(mail(b"Content-Type: text/html\r\n", heavy)).text == "the words"
