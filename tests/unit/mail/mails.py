"""Mails for the tests, written out as they arrive."""

from base64 import b64encode
from typing import Final

from shared.mail.limits import DEFAULT_LIMITS
from shared.mail.mime.structure import read_structure
from shared.mail.parsed_mail import AttachmentPart
from shared.mail.parsing.bodies import read_bodies
from shared.mail.parsing.files import describe_files, file_contents

PERSON: Final = b"From: Ann <ann@client.example>\r\n"


def mail(headers: bytes, body: bytes = b"Hello\r\n") -> bytes:
    """Return a mail from a person with these further header lines."""
    return PERSON + headers + b"\r\n" + body


def multipart(kind: bytes, *parts: bytes) -> bytes:
    """Return a Content-Type line, a blank line and the delimited parts."""
    body = b"".join(b"--edge\r\n" + part + b"\r\n" for part in parts)
    return (
        b"Content-Type: multipart/" + kind + b'; boundary="edge"\r\n\r\n' + body + b"--edge--\r\n"
    )


def whole(content: bytes) -> bytes:
    """Return a mail whose header block ends inside `content`."""
    return PERSON + b"MIME-Version: 1.0\r\n" + content


def part(content_type: bytes, body: bytes, *headers: bytes) -> bytes:
    """Return one part."""
    lines = (b"Content-Type: " + content_type, *headers)
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def file_part(name: bytes, octets: bytes, content_type: bytes = b"application/pdf") -> bytes:
    """Return a base64 attachment."""
    return part(
        content_type,
        b64encode(octets),
        b"Content-Transfer-Encoding: base64",
        b'Content-Disposition: attachment; filename="' + name + b'"',
    )


def files_of(raw: bytes) -> list[tuple[AttachmentPart, bytes]]:
    """Return what each file of a mail is said to be, and its octets."""
    _, described = describe_files(read_bodies(read_structure(raw, DEFAULT_LIMITS).leaves))
    return list(zip(described, file_contents(raw), strict=True))
