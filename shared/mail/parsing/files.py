"""The files of a mail: their descriptions and their octets."""

from collections.abc import Iterator
from typing import Final

from shared.mail.file_names import clean_name, unique_names
from shared.mail.html.blocked_images import BLOCKED
from shared.mail.html.sanitizer import image_sources, replace_image_sources
from shared.mail.limits import DEFAULT_LIMITS, Limits
from shared.mail.mime.charsets import decode
from shared.mail.mime.encoded_words import one_line
from shared.mail.mime.structure import Part, read_structure
from shared.mail.parsed_mail import AttachmentPart
from shared.mail.parsing.attachments import attachment_name, content_id
from shared.mail.parsing.bodies import Bodies, EmbeddedFile, read_files

_WHOLE: Final = -1


def whole_mail(raw: bytes) -> AttachmentPart:
    """Return the whole mail as its last file, for mails that cannot be shown in full."""
    return AttachmentPart(_WHOLE, "mail.eml", "message/rfc822", len(raw))


def file_contents(raw: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Iterator[bytes]:
    """Yield the decoded octets of every file of a mail, in the order of the attachments.

    HTML is not read, because sanitising it may take longer than all the rest.
    """
    return map(_octets, read_files(read_structure(raw, limits).leaves, limits))


def describe_files(bodies: Bodies) -> tuple[str | None, tuple[AttachmentPart, ...]]:
    """Return the HTML with images that refer to files of the mail, and the files."""
    located = _by_location(bodies) if bodies.html and BLOCKED in bodies.html else {}
    html = bodies.html and replace_image_sources(
        bodies.html, {location: f"cid:{_location_id(part)}" for location, part in located.items()}
    )
    shown = image_sources(html) if html and bodies.files else frozenset()
    names = unique_names(map(_name, bodies.files))
    return html, tuple(
        _describe(file, name, shown) for file, name in zip(bodies.files, names, strict=True)
    )


def _by_location(bodies: Bodies) -> dict[str, Part]:
    """Map image addresses to the parts with that Content-Location (RFC 2557)."""
    return {
        BLOCKED + one_line(decode(location)): file
        for file in bodies.files
        if isinstance(file, Part) and (location := file.headers.first("content-location"))
    }


def _location_id(part: Part) -> str:
    return content_id(part) or f"part-{part.index}"


def _describe(file: Part | EmbeddedFile, name: str, shown: frozenset[str]) -> AttachmentPart:
    size = len(_octets(file))
    if isinstance(file, EmbeddedFile):
        return AttachmentPart(file.index, name, "application/octet-stream", size)
    own = content_id(file)
    if own is None and f"cid:part-{file.index}" in shown:
        own = f"part-{file.index}"
    media_type = file.content_type.media_type or _fall_back_type(file)
    return AttachmentPart(file.index, name, media_type, size, own, f"cid:{own}" in shown)


def _fall_back_type(part: Part) -> str:
    return part.media_type if part.media_type == "message/rfc822" else "application/octet-stream"


def _name(file: Part | EmbeddedFile) -> str:
    if isinstance(file, EmbeddedFile):
        return clean_name(decode(file.name)) or "attachment.bin"
    return attachment_name(file)


def _octets(file: Part | EmbeddedFile) -> bytes:
    return file.octets if isinstance(file, EmbeddedFile) else file.content()
