"""Media types and limits of uploads."""

import pytest

from services.gateway.errors import RequestError, Situation
from services.gateway.rest.uploads.attachment_rules import (
    require_allowed,
    require_file_count,
    require_file_size,
)
from services.gateway.rest.uploads.media_types import displayable_type, download_type, media_type_of
from shared.contracts.description.files import AttachmentRules

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


@pytest.mark.parametrize(
    ("head", "declared", "name", "kind"),
    [
        (PNG, "text/html", "a.html", "image/png"),
        (b"%PDF-1.7", "", "a", "application/pdf"),
        (b"GIF89a", "", "a", "image/gif"),
        (b"\xff\xd8\xff\xe0", "", "a", "image/jpeg"),
        (b"RIFF\0\0\0\0WEBP", "", "a", "image/webp"),
        (b"<script>", "image/png", "a.png", "application/octet-stream"),
        (b"<script>", "application/pdf", "a.pdf", "application/octet-stream"),
        (b"PK", "application/zip", "a", "application/zip"),
        (b"a,b", "application/octet-stream", "a.csv", "text/csv"),
        (b"a,b", "", "a.csv", "text/csv"),
        (b"x", 'text/plain"\r\nX: y', "a", "application/octet-stream"),
        (b"", "", "", "application/octet-stream"),
    ],
)
def test_bytes_are_believed_before_words(head: bytes, declared: str, name: str, kind: str) -> None:
    assert media_type_of(head, declared=declared, name=name) == kind


@pytest.mark.parametrize(
    "stored",
    [
        "text/html",
        "TEXT/HTML",
        "application/xhtml+xml",
        "image/svg+xml",
        "text/xml",
        "application/xml",
        "application/xslt+xml",
        "text/javascript",
        "application/x-javascript",
        "application/x-shockwave-flash",
        "multipart/x-mixed-replace",
        "text/css",
        "text/html; charset=utf-8",
        "nonsense",
        "",
        "a/b\r\nX: y",
    ],
)
def test_nothing_that_a_browser_would_run_is_served_as_that(stored: str) -> None:
    assert download_type(stored) == "application/octet-stream"


@pytest.mark.parametrize(
    "stored", ["application/pdf", "image/png", "text/plain", "application/zip", "message/rfc822"]
)
def test_harmless_kinds_are_served_as_they_are(stored: str) -> None:
    assert download_type(stored) == stored


def test_only_proven_images_are_shown() -> None:
    assert displayable_type(PNG) == "image/png"
    assert displayable_type(b"<svg onload=alert(1)>") == ""
    assert displayable_type(b"%PDF-1.7") == ""


@pytest.mark.parametrize(
    ("rules", "name", "media_type"),
    [
        (AttachmentRules(), "virus.EXE", "application/octet-stream"),
        (AttachmentRules(forbidden_types=("image/*",)), "a", "image/png"),
        (AttachmentRules(allowed_types=("application/pdf",)), "a.png", "image/png"),
    ],
)
def test_forbidden_file_is_refused(rules: AttachmentRules, name: str, media_type: str) -> None:
    with pytest.raises(RequestError) as refused:
        require_allowed(rules, name, media_type)

    assert refused.value.situation is Situation.VALUE_REFUSED


def test_everything_else_may_be_attached() -> None:
    require_allowed(AttachmentRules(), "a.pdf", "application/pdf")
    require_allowed(AttachmentRules(allowed_types=("image/*",)), "a.png", "image/png")


def test_files_are_limited_in_size_and_number() -> None:
    rules = AttachmentRules.model_validate(
        {"largest_file": 10, "largest_mail": "15 B", "most_files": 2}
    )

    require_file_size(rules, 10, in_mail=5)
    require_file_count(rules, 2)
    with pytest.raises(RequestError):
        require_file_size(rules, 11, in_mail=0)
    with pytest.raises(RequestError):
        require_file_size(rules, 10, in_mail=6)
    with pytest.raises(RequestError):
        require_file_count(rules, 3)
