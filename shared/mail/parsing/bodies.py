"""Reads the text and the HTML of a mail, and which parts are files."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from shared.mail.html.sanitizer import sanitise
from shared.mail.html.text import from_text, strip_tags, to_text
from shared.mail.limits import DEFAULT_LIMITS, Limits
from shared.mail.mime.charsets import decode
from shared.mail.mime.flowed import unflow
from shared.mail.mime.structure import Part
from shared.mail.mime.tnef import TnefContent, is_tnef, read_tnef
from shared.mail.mime.transfer import split_uuencoded
from shared.mail.parsing.attachments import declared_name

_FILES: Final = "calendar css csv directory javascript rfc822-headers vcard x-vcard x-amp-html xml"
_FILES_BY_NATURE: Final = frozenset(f"text/{kind}" for kind in _FILES.split())
_OTHER_FORMS_OF_THE_BODY: Final = frozenset({"text/x-amp-html", "text/watch-html"})
_META_CHARSET: Final = re.compile(
    rb"<meta[^>]{1,200}charset\s{0,9}=[\s\"']{0,9}([\w:.-]{1,40})", re.IGNORECASE
)
_META_WITHIN: Final = 4096
_REACTION: Final = "text/vnd.google.email-reaction+json"
_WITHOUT_FILES: Final = frozenset({"text/html", _REACTION})
_LONGEST_REACTION: Final = 4096
_TNEF: Final = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_TNEF_NAME: Final = "winmail.dat"
_TOO_HEAVY: Final = "html-too-heavy"


@dataclass(frozen=True, slots=True)
class EmbeddedFile:
    """A uuencoded file inside a text, or one inside a winmail.dat.

    Its `index` follows those of the parts.
    """

    index: int
    name: bytes
    octets: bytes


@dataclass(frozen=True, slots=True)
class Bodies:
    """The readable content of a mail, and its files."""

    text: str
    html: str | None
    files: tuple[Part | EmbeddedFile, ...]
    warnings: frozenset[str]

    @property
    def is_reduced(self) -> bool:
        """Whether some HTML was too heavy, so that only its words are here."""
        return _TOO_HEAVY in self.warnings


@dataclass(slots=True)
class _Block:
    """A body block: one part, or all parts of one multipart/alternative."""

    texts: list[str] = field(default_factory=list)
    htmls: list[str] = field(default_factory=list)
    heavy: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Return the plain text, or else the text of the HTML."""
        written = "\n".join(self.texts).strip("\n")
        if written.strip():
            return written
        return "\n\n".join(filter(None, (*map(to_text, self.htmls), *map(strip_tags, self.heavy))))

    def html(self) -> str:
        """Return the HTML, empty where the sender wrote none."""
        joined = "\n".join(self.htmls)
        return joined if joined.strip() else ""


def read_bodies(leaves: tuple[Part, ...], limits: Limits = DEFAULT_LIMITS) -> Bodies:
    """Read all inline texts in order; a multipart/alternative counts as one block."""
    blocks: dict[int, _Block] = {}
    files: list[Part | EmbeddedFile] = []
    opened: list[TnefContent] = []
    for leaf in _leaves(leaves, limits):
        files += leaf.files
        opened += leaf.opened
        if leaf.is_body:
            part = leaf.part
            key = -1 - part.index if part.alternative is None else part.alternative
            _add(blocks.setdefault(key, _Block()), leaf, limits)
    shown = [(block.text(), block.html()) for block in blocks.values()]
    if not any(text.strip() for text, _ in shown):
        shown += [(block.text(), block.html()) for block in _opened_blocks(opened, limits)]
    heavy = any(block.heavy for block in blocks.values())
    found = set(_warnings(leaves, heavy=heavy))
    if not all(content.is_whole for content in opened):
        found.add("tnef-damaged")
    return Bodies(_text(shown), _html(shown), tuple(files), frozenset(found))


def _opened_blocks(opened: list[TnefContent], limits: Limits) -> Iterator[_Block]:
    """Yield the words in each winmail.dat, for mails that have no other words."""
    for content in opened:
        block = _Block(texts=[content.text.replace("\r\n", "\n").replace("\r", "\n")])
        safe = sanitise(content.html, limits) if content.html.strip() else ""
        (block.heavy if safe is None else block.htmls).append(
            content.html if safe is None else safe
        )
        yield block


def read_files(
    leaves: tuple[Part, ...], limits: Limits = DEFAULT_LIMITS
) -> Iterator[Part | EmbeddedFile]:
    """Yield the files that `read_bodies` finds, in their order, without reading any HTML."""
    for leaf in _leaves(leaves, limits):
        yield from leaf.files


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A part, whether it is body, its text without uuencoded files, and its files.

    `opened` is what a winmail.dat has in it.
    """

    part: Part
    is_body: bool
    text: bytes
    files: list[Part | EmbeddedFile]
    opened: list[TnefContent]


def _leaves(leaves: tuple[Part, ...], limits: Limits) -> Iterator[_Leaf]:
    next_index = len(leaves)
    for part, is_body in _roles(leaves):
        text: bytes = b""
        found: tuple[tuple[bytes, bytes], ...] = ()
        if is_body and part.media_type not in _WITHOUT_FILES:
            # Each uuencoded file counts as a part of the mail.
            text, found = split_uuencoded(part.content(), limits.parts - next_index)
        opened = [] if is_body else _opened(part, limits.parts - next_index)
        found = (*found, *(file for content in opened for file in content.files))
        embedded = [EmbeddedFile(next_index + at, *file) for at, file in enumerate(found)]
        next_index += len(embedded)
        own = [] if is_body and not _is_file_too(part) else [part]
        yield _Leaf(part, is_body, text, [*own, *embedded], opened)


def _opened(part: Part, most: int) -> list[TnefContent]:
    """Return what a part has in it if it is a winmail.dat, whatever the sender calls it."""
    if part.media_type not in _TNEF and declared_name(part).lower() != _TNEF_NAME:
        return []
    octets = part.content()
    return [read_tnef(octets, most)] if is_tnef(octets) else []


def _roles(leaves: Sequence[Part]) -> Iterator[tuple[Part, bool]]:
    """Yield each leaf and whether it is body; other forms of the body are left out."""
    # A text with a file name is body only if there is no text without one; else it is a file.
    wants_named = not any(_is_text(part) and not declared_name(part) for part in leaves)
    for part in leaves:
        if part.alternative is not None and part.media_type in _OTHER_FORMS_OF_THE_BODY:
            continue
        if part.media_type == _REACTION:
            if wants_named:
                yield part, True
            continue
        is_body = _is_text(part) and (
            wants_named or part.alternative is not None or not declared_name(part)
        )
        wants_named = wants_named and not is_body
        yield part, is_body


def _is_text(part: Part) -> bool:
    if part.disposition.main.startswith("attach") or part.media_type == _REACTION:
        return False
    return part.media_type in {"text/plain", "text/html"} or _reads_as_plain(part)


def _is_file_too(part: Part) -> bool:
    """Say whether a body text is listed as a file too, because it has a file name."""
    has_name = bool(part.depth and part.disposition.get("filename"))
    return has_name and part.media_type != "text/html" and part.alternative is None


def _reads_as_plain(part: Part) -> bool:
    """Say whether an unknown kind of text is shown as plain text (RFC 2046 section 4.1.4)."""
    if not part.media_type.startswith("text/") or part.media_type in _FILES_BY_NATURE:
        return False
    return part.alternative is None and not declared_name(part)


def _add(block: _Block, leaf: _Leaf, limits: Limits) -> None:
    part = leaf.part
    if part.media_type == "text/html":
        html = _decode_html(part, part.content())
        safe = sanitise(html, limits)
        (block.heavy if safe is None else block.htmls).append(html if safe is None else safe)
    elif part.media_type == _REACTION:
        block.texts.append(_emoji(part.content()))
    else:
        block.texts.append(_decode_text(part, leaf.text))


def _emoji(octets: bytes) -> str:
    """Return the emoji of a reaction in Google's JSON form, empty if there is none."""
    try:
        written = json.loads(octets) if len(octets) <= _LONGEST_REACTION else {}
    except (ValueError, RecursionError):
        return ""
    emoji = written.get("emoji") if isinstance(written, dict) else ""
    return emoji if isinstance(emoji, str) else ""


def _decode_html(part: Part, octets: bytes) -> str:
    label = part.content_type.get("charset")
    if not label and (meta := _META_CHARSET.search(octets, 0, _META_WITHIN)):
        label = meta[1].decode("ascii", "replace")
    return decode(octets, label or part.charset).replace("\0", "")


def _decode_text(part: Part, octets: bytes) -> str:
    text = decode(octets, part.charset).lstrip("\ufeff").replace("\0", "")
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    if part.content_type.get("format").lower() != "flowed":
        return lines
    return unflow(lines, delete_space=part.content_type.get("delsp").lower() == "yes")


def _text(shown: list[tuple[str, str]]) -> str:
    return "\n\n".join(text for text, _ in shown if text.strip())


def _html(shown: list[tuple[str, str]]) -> str | None:
    """Join the HTML of all blocks, those of plain text included, if there is any HTML."""
    if not any(html for _, html in shown):
        return None
    return "\n".join(html or from_text(text) for text, html in shown if html or text.strip())


def _warnings(leaves: tuple[Part, ...], *, heavy: bool) -> frozenset[str]:
    found = {_KINDS[part.media_type] for part in leaves if part.media_type in _KINDS}
    if any(part.disposition.main == "reaction" for part in leaves):
        found.add("reaction")
    return frozenset(found | {_TOO_HEAVY} if heavy else found)


_KINDS: Final = {
    _REACTION: "reaction",
    "application/ms-tnef": "tnef",
    "application/vnd.ms-tnef": "tnef",
    "application/pgp-encrypted": "encrypted",
    "application/pkcs7-mime": "smime",
    "application/x-pkcs7-mime": "smime",
    "application/pgp-signature": "signed",
    "application/pkcs7-signature": "signed",
    "application/x-pkcs7-signature": "signed",
    "text/calendar": "invitation",
    "message/external-body": "external-body",
    "message/partial": "partial",
}
