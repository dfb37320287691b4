"""Parameters of Content-Type and Content-Disposition."""

import pytest

from shared.mail.mime.parameters import parse_parameters


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (b'attachment; filename="plan.pdf"', "plan.pdf"),
        (b"attachment; filename=plan.pdf", "plan.pdf"),
        (b"attachment; filename=my plan.pdf; size=1", "my plan.pdf"),
        (b"attachment; FileName = plan.pdf", "plan.pdf"),
        (b'attachment; filename="a;b.pdf"', "a;b.pdf"),
        (b'attachment; filename="a\\"b.pdf"', 'a"b.pdf'),
        (b'attachment; filename="C:\\temp\\plan.pdf"', "C:\\temp\\plan.pdf"),
        (b'attachment; filename="unclosed.pdf', "unclosed.pdf"),
        (b"attachment; filename==?utf-8?q?=C3=BC.pdf?=", "ü.pdf"),
        (b'attachment; filename="=?utf-8?B?w7wucGRm?="', "ü.pdf"),
        (b"attachment; filename*=utf-8''%C3%BC.pdf", "ü.pdf"),
        (b"attachment; filename*=iso-8859-1'de'%FC.pdf", "ü.pdf"),
        (b"attachment; filename*=\"us-ascii''plan.pdf\"", "plan.pdf"),
        (b"attachment; filename*=%C3%BC.pdf", "ü.pdf"),
        (b"attachment; filename*0=pl; filename*1=an.pdf", "plan.pdf"),
        (b"attachment; filename*1=an.pdf; filename*0=pl", "plan.pdf"),
        (b"attachment; filename*0*=utf-8''%C3; filename*1*=%BC.pdf", "ü.pdf"),
        (b"attachment; filename=fallback.pdf; filename*=utf-8''%C3%BC.pdf", "ü.pdf"),
        (b"attachment; filename=first.pdf; filename=second.pdf", "first.pdf"),
        (b"attachment; filename=\xc3\xbc.pdf", "ü.pdf"),
        (b"attachment; =x; ;; filename=plan.pdf", "plan.pdf"),
        (b"attachment", ""),
    ],
)
def test_the_file_name_is_found(value: bytes, name: str) -> None:
    assert parse_parameters(value).get("filename") == name


@pytest.mark.parametrize(
    ("value", "media_type"),
    [
        (b"Text/HTML; charset=x", "text/html"),
        (b"text/plain>", "text/plain"),
        (b'application/pdf name="a.pdf"', "application/pdf"),
        (b"text", None),
        (b"", None),
        (None, None),
        (b"<script>/x", None),
    ],
)
def test_the_media_type_is_valid_or_none(value: bytes | None, media_type: str | None) -> None:
    assert parse_parameters(value).media_type == media_type


def test_thousands_of_sections_are_put_together() -> None:
    sections = b"".join(b"; filename*%d=ab" % n for n in range(5_000))

    assert parse_parameters(b"attachment" + sections).get("filename") == "ab" * 5_000
