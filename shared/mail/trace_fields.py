"""The trace fields that a receiving server reads and adds (RFC 5321 section 4.4). Pure."""

import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime, parseaddr
from typing import Final

from shared.domain.storable_text import storable

LONGEST_HEAD: Final = 256 * 1024
"""Octets at the beginning of a mail in which its trace fields are read."""

LOOP_MARK: Final = "X-Mailroom-Loop"
"""The field that every automatic mail of ours has: its sender. It is never answered."""

_UNPRINTABLE: Final = re.compile(r"[^\x21-\x7e\x80-\U0010ffff]|[<>()\\]")
_HEADER_END: Final = re.compile(rb"\r?\n\r?\n")
_RETURN_PATH: Final = re.compile(
    rb"^return-path:([^\n]*\n(?:[ \t][^\n]*\n)*)", re.IGNORECASE | re.MULTILINE
)
_FROM: Final = re.compile(rb"^from:([^\n]*\n(?:[ \t][^\n]*\n)*)", re.IGNORECASE | re.MULTILINE)
_JUDGE: Final = re.compile(
    rb"^authentication-results:\s*([A-Za-z0-9._-]{1,255})", re.IGNORECASE | re.MULTILINE
)
_RECEIVED: Final = re.compile(rb"^received:", re.IGNORECASE | re.MULTILINE)
_MARKED: Final = re.compile(rb"^%s:" % LOOP_MARK.lower().encode(), re.IGNORECASE | re.MULTILINE)
_MESSAGE_ID: Final = re.compile(
    rb"^message-id:[ \t]*(?:\r?\n[ \t]+)?([^\r\n]*)", re.IGNORECASE | re.MULTILINE
)
_LONGEST_NAME: Final = 255
_LONGEST_ADDRESS: Final = 320
_LONGEST_ID: Final = 998


def trace(
    *,
    sender: str,
    recipients: Sequence[str],
    name: str,
    peer: str,
    host: str,
    protocol: str,
    now: datetime,
) -> bytes:
    """Return the octets of `Return-Path` and `Received` for an arrived mail.

    Remove an existing `Return-Path` with `without_return_path`. `name` is the client's name from
    EHLO, `peer` its address, `host` this server. Several recipients are not named, because they
    may not know of each other.
    """
    literal = f"IPv6:{_plain(peer)}" if ":" in peer else _plain(peer)
    purpose = f"\r\n\tfor <{_plain(recipients[0])}>" if len(recipients) == 1 else ""
    lines = (
        f"Return-Path: <{_plain(sender)}>\r\n"
        f"Received: from {_plain(name) or 'unknown'} ([{literal}])\r\n"
        f"\tby {host} with {protocol}{purpose};\r\n"
        f"\t{format_datetime(now)}\r\n"
    )
    return lines.encode("utf-8", "replace")


def without_return_path(raw: bytes) -> bytes:
    """Return a mail without the Return-Path of others: only the final server may write one."""
    end = _head_end(raw)
    if not _RETURN_PATH.search(raw, 0, end):
        return raw
    return _RETURN_PATH.sub(b"", raw[:end]) + raw[end:]


def claimed_sender(raw: bytes) -> str:
    """Return the address in a mail's first Return-Path, or else in its From; empty without both.

    Only a `Return-Path: <>` means the null sender. Without one, a mail that a program has put into
    a mailbox would be taken for a bounce.
    """
    end = _head_end(raw)
    if found := _RETURN_PATH.search(raw, 0, end):
        return storable(found[1], _LONGEST_ADDRESS).strip("<> ")
    return author(raw)


def author(raw: bytes) -> str:
    """Return the address in a mail's From; empty without one."""
    found = _FROM.search(raw, 0, _head_end(raw))
    return parseaddr(storable(found[1], _LONGEST_ID))[1][:_LONGEST_ADDRESS] if found else ""


def is_judged_by(raw: bytes, servers: Sequence[str]) -> bool:
    """Say whether a mail has the judgement of one of these servers on its sender (RFC 8601).

    Only that there is one, not what it says: reading it is the parser's.
    """
    found = _JUDGE.finditer(raw, 0, _head_end(raw))
    names = {one[1].decode("ascii", "replace").lower() for one in found}
    return not names.isdisjoint(servers)


def count_hops(raw: bytes) -> int:
    """Return the number of `Received` fields: each server on a mail's way has added one."""
    return len(_RECEIVED.findall(raw, 0, _head_end(raw)))


def count_loop_marks(raw: bytes) -> int:
    """Return the number of our loop marks: programs that answer may copy them, and add up."""
    return len(_MARKED.findall(raw, 0, _head_end(raw)))


def message_id(raw: bytes) -> str:
    """Return the Message-ID as it stands in the header, for the log; the parser reads it later."""
    found = _MESSAGE_ID.search(raw, 0, _head_end(raw))
    return storable(found[1], _LONGEST_ID) if found else ""


def _head_end(raw: bytes) -> int:
    """Return where the header ends, after the line end of its last field."""
    found = _HEADER_END.search(raw, 0, LONGEST_HEAD)
    return raw.index(b"\n", found.start()) + 1 if found else min(len(raw), LONGEST_HEAD)


def _plain(word: str) -> str:
    """Return a client's word without blanks, line ends, brackets and comments."""
    return _UNPRINTABLE.sub("", word)[:_LONGEST_NAME]
