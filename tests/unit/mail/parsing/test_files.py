"""Files of a mail: names, types and octets."""

import pytest

from shared.mail.file_names import clean_name, unique_names
from shared.mail.parsing.files import file_contents
from shared.mail.parsing.parser import parse_mail
from tests.unit.mail.mails import file_part, mail, multipart, part, whole

EVERY_OCTET = bytes(range(256)) * 3
IMAGE = part(
    b"image/png",
    b"PNG",
    b"Content-ID: <logo@client.example>",
    b"Content-Disposition: inline",
)


def page(source: bytes) -> bytes:
    return part(b"text/html", b'<p>Hi <img src="' + source + b'"></p>')


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("plan.pdf", "plan.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\plan.pdf", "plan.pdf"),
        (".htaccess", "htaccess"),
        ("..", ""),
        ("/", ""),
        ("a\x00b\r\n.txt", "a_b_.txt"),
        ("invoice\u202efdp.exe", "invoice_fdp.exe"),
        ('a<b>:"|?*.txt', "a_b_.txt"),
        ("trailing. . ", "trailing"),
        ("x" * 300 + ".pdf", "x" * 146 + ".pdf"),
        ("プラン.pdf", "プラン.pdf"),
    ],
)
def test_a_name_is_safe_to_show_and_to_save_under(name: str, cleaned: str) -> None:
    assert clean_name(name) == cleaned


def test_equal_names_are_told_apart() -> None:
    names = iter(["a.pdf", "A.pdf", "a.pdf", "a (2).pdf", "b"])

    assert list(unique_names(names)) == ["a.pdf", "A (2).pdf", "a (3).pdf", "a (2) (2).pdf", "b"]


def test_the_octets_of_every_file_come_back() -> None:
    raw = whole(multipart(b"mixed", part(b"text/plain", b"x"), file_part(b"a.bin", EVERY_OCTET)))
    (attachment,) = parse_mail(raw).attachments

    assert attachment.size == len(EVERY_OCTET)
    assert list(file_contents(raw)) == [EVERY_OCTET]


def test_files_are_taken_out_without_cleaning_html(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = whole(multipart(b"mixed", page(b"cid:a"), file_part(b"a.bin", EVERY_OCTET)))
    monkeypatch.setattr("shared.mail.parsing.bodies.sanitise", None)

    assert list(file_contents(raw)) == [EVERY_OCTET]


def test_a_uuencoded_file_comes_back() -> None:
    raw = mail(b"", b"begin 644 a.txt\n#:&D*\n`\nend\n")

    assert list(file_contents(raw)) == [b"hi\n"]


def test_an_image_that_the_html_shows_is_inline() -> None:
    raw = whole(multipart(b"related", page(b"cid:logo%40client.example"), IMAGE))
    parsed = parse_mail(raw)

    assert parsed.html == '<p>Hi <img src="cid:logo@client.example"></p>'
    assert parsed.attachments[0].inline
    assert parsed.attachments[0].content_id == "logo@client.example"
    assert parsed.attachments[0].name == "image.png"


def test_an_image_that_no_html_shows_is_an_ordinary_file() -> None:
    raw = whole(multipart(b"related", page(b"cid:other"), IMAGE))

    assert not parse_mail(raw).attachments[0].inline


def test_an_image_is_found_by_its_location() -> None:
    located = part(b"image/png", b"PNG", b"Content-Location: https://client.example/logo.png")
    raw = whole(multipart(b"related", page(b"https://client.example/logo.png"), located))
    parsed = parse_mail(raw)

    assert parsed.html == '<p>Hi <img src="cid:part-1"></p>'
    assert parsed.attachments[0].content_id == "part-1"
    assert parsed.attachments[0].inline
    assert "remote-images-blocked" not in parsed.warnings


def test_remote_images_are_blocked_and_reported() -> None:
    parsed = parse_mail(whole(page(b"https://track.example/a.gif")))

    assert parsed.html == '<p>Hi <img src="blocked:https://track.example/a.gif"></p>'
    assert "remote-images-blocked" in parsed.warnings


def test_a_kind_that_is_no_media_type_becomes_octets() -> None:
    raw = whole(
        multipart(b"mixed", part(b"strange", b"x", b"Content-Disposition: attachment; filename=a"))
    )

    assert parse_mail(raw).attachments[0].media_type == "application/octet-stream"
