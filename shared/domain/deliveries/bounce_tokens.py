"""Tokens in our bounce addresses (RFC 5233) and envelope ids (RFC 3461), which nobody can guess.

A server that could not deliver a mail sends its report to the bounce address. The token there says
which mail it is about, without any word of the report.
"""

import base64
import hashlib
import hmac
import re
from typing import Final

_LENGTH: Final = 16
_TOKEN: Final = re.compile(rf"[a-z2-7]{{{_LENGTH}}}")
_LONGEST_LOCAL_PART: Final = 64


def bounce_token(key: str, delivery_id: str) -> str:
    """Return the token of a delivery under a secret key: 16 characters, 80 bits."""
    digest = hmac.new(key.encode(), delivery_id.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest).decode().lower()[:_LENGTH]


def with_token(address: str, token: str) -> str:
    """Return an address with the token as its plus-tag; unchanged if it would be too long."""
    local, _, host = address.rpartition("@")
    tagged = f"{local}+{token}"
    return f"{tagged}@{host}" if len(tagged) <= _LONGEST_LOCAL_PART else address


def token_in(address: str) -> str:
    """Return the token in an address's plus-tag, "" if there is none."""
    return as_token(address.rpartition("@")[0].rpartition("+")[2])


def as_token(text: str) -> str:
    """Return a text in lower case if it has the form of a token, else ""."""
    lowered = text.strip().lower()
    return lowered if _TOKEN.fullmatch(lowered) else ""


def is_token_of(token: str, key: str, delivery_id: str) -> bool:
    """Say whether a token was made for a delivery under this key."""
    return hmac.compare_digest(token, bounce_token(key, delivery_id))
