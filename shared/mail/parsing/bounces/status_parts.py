"""Reads the recipients in parts for machines (RFC 3464), with the errors of real servers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from shared.mail.mime.charsets import decode
from shared.mail.mime.encoded_words import one_line
from shared.mail.mime.headers import Headers, read_headers

_BLANK_LINE: Final = re.compile(rb"\n[ \t\r]*+\n")
_RECIPIENTS: Final = ("final-recipient", "original-recipient", "x-actual-recipient")
_ADDRESS: Final = re.compile(r"<?([^\s<>@;]{1,64}@[^\s<>@;]{1,255})>?")
_LONGEST_VALUE: Final = 1_000
_LONGEST_ADDRESS: Final = 320
_KNOWN_ACTIONS: Final = frozenset({"failed", "delayed", "delivered", "relayed", "expanded"})
_ACTION_WORDS: Final = {"fail": "failed", "failure": "failed", "deferred": "delayed"}
_SERVER: Final = re.compile(r"(?:dns|x-[a-z-]+|smtp)\s*;\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StatedRecipient:
    """The fields about one recipient, as they stand in the part."""

    address: str
    original: str
    action: str
    status: str
    diagnostic: str
    remote_server: str


@dataclass(frozen=True, slots=True)
class StatusPart:
    """The fields of one part: its recipients, and the envelope id of the mail (RFC 3461)."""

    recipients: tuple[StatedRecipient, ...]
    envelope_id: str


def read_status_part(content: bytes, most: int) -> StatusPart:
    """Return what a part says about at most `most` recipients; later blocks are not read."""
    blocks = [
        read_headers(block, 0, len(block))[0]
        for part in _BLANK_LINE.split(content, most)[:most]
        if (block := part.strip())
    ]
    envelope_id = next(filter(None, (value_of(one, "original-envelope-id") for one in blocks)), "")
    found: list[StatedRecipient] = []
    for block in blocks:
        for fields in _for_each_recipient(block):
            found += _recipient(fields)
            if len(found) >= most:
                return StatusPart(tuple(found[:most]), envelope_id)
    return StatusPart(tuple(found), envelope_id)


def value_of(fields: Headers, name: str) -> str:
    """Return the value of a field as one line of text, "" if there is none."""
    return one_line(decode((fields.first(name) or b"")[:_LONGEST_VALUE]))


def address_of(value: str) -> str:
    """Return the address in a field such as `rfc822; <a@x>`, whatever stands around it."""
    text = value.rpartition(";")[2] if ";" in value else value
    if found := _ADDRESS.search(text):
        return found[1].rstrip(".,")
    plain = text.strip("<> ")
    return plain if 0 < len(plain) <= _LONGEST_ADDRESS else ""


def _for_each_recipient(block: Headers) -> Iterator[Headers]:
    """Split a block at each field that begins the next recipient: blank lines may be missing."""
    begins = [n for n, (name, _) in enumerate(block.fields) if name == "final-recipient"]
    if len(begins) <= 1:
        yield block
        return
    # An Original-Recipient belongs to the Final-Recipient that follows it.
    starts = [n - 1 if n and block.fields[n - 1][0] == "original-recipient" else n for n in begins]
    for start, end in zip(starts, (*starts[1:], len(block.fields)), strict=True):
        yield Headers(block.fields[start:end])


def _recipient(fields: Headers) -> list[StatedRecipient]:
    final, original, actual = (address_of(value_of(fields, name)) for name in _RECIPIENTS)
    address = _with_host(final, actual, original)
    if not address:
        return []
    return [
        StatedRecipient(
            address,
            original,
            _action(value_of(fields, "action")),
            value_of(fields, "status"),
            value_of(fields, "diagnostic-code"),
            _SERVER.sub("", value_of(fields, "remote-mta"), count=1)[:_LONGEST_ADDRESS],
        )
    ]


def _with_host(*several: str) -> str:
    """Return the first complete address, else the first of any kind."""
    complete = (one for one in several if "@" in one)
    return next(complete, next(filter(None, several), ""))


def _action(value: str) -> str:
    word = value.partition(" ")[0].partition(";")[0].strip("<>.,()").lower()
    word = _ACTION_WORDS.get(word, word)
    return word if word in _KNOWN_ACTIONS else ""
