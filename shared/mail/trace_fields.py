"""The trace fields that a receiving server adds to a mail (RFC 5321 section 4.4)."""

import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Final

_UNPRINTABLE: Final = re.compile(r"[^\x21-\x7e\x80-\U0010ffff]|[<>()\\]")
_RETURN_PATH: Final = re.compile(rb"return-path:[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE)
_LONGEST_NAME: Final = 255


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
    """Return a mail without its first Return-Path: only the final server may write one."""
    found = _RETURN_PATH.match(raw)
    return raw[found.end() :] if found else raw


def _plain(word: str) -> str:
    """Return a client's word without blanks, line ends, brackets and comments."""
    return _UNPRINTABLE.sub("", word)[:_LONGEST_NAME]
