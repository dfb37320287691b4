"""What tells two mails of one Message-ID apart without fetching them. Pure."""

import re
from hashlib import sha256
from typing import Final

BEGINNING: Final = 1_000
"""Octets of the text that count."""

_HEADER_END: Final = re.compile(rb"\r?\n\r?\n")


def fingerprint(size: int, text: bytes) -> str:
    """Return what the size of a mail, as its server says it, and the begin of its text give.

    It is the same whenever the same server is asked about the same mail. A mail without size has
    an empty one, which is like no other.
    """
    return sha256(b"%d %b" % (size, text[:BEGINNING])).hexdigest() if size else ""


def text_of(octets: bytes) -> bytes:
    """Return the beginning of a mail's text from its octets; empty if the header has no end."""
    end = _HEADER_END.search(octets)
    return octets[end.end() : end.end() + BEGINNING] if end else b""
