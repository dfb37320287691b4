"""The two lines that whoever takes a mail puts in front of it (RFC 5321, section 4.4)."""

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
    """Return `Return-Path` and `Received` for a mail that was handed in.

    A `Return-Path` it came with is taken off with `without_return_path`.

    `name` is what the client called itself, `peer` the address it came from, `host` this server.
    Several recipients are not named, for they may not know of each other.
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
    """Return a mail without the Return-Path on top: only who delivers it last may write one."""
    found = _RETURN_PATH.match(raw)
    return raw[found.end() :] if found else raw


def _plain(word: str) -> str:
    """Return a client's word without what would end it, its line or a comment."""
    return _UNPRINTABLE.sub("", word)[:_LONGEST_NAME]
