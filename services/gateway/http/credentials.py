"""Reads the credentials of a request: Basic, Bearer and the session cookie. Pure."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from shared.bayeux.transports.web import Scope, cookie

COOKIE: Final = "JSESSIONID"
CSRF_HEADER: Final = "X-CSRF-TOKEN"
# Characters. Ours are shorter by far; hashing a longer one would only cost time.
_MAX_LENGTH: Final = 1024
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]{1,16384}")
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Basic:
    """User name and password of RFC 7617."""

    user_name: str
    password: str


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token of RFC 6750."""

    token: str


class MalformedCredentialsError(ValueError):
    """An Authorization header that is neither valid Basic nor valid Bearer."""


def credentials(scope: Scope) -> Basic | Bearer | None:
    """Return the credentials of the Authorization header; None where there is no header.

    Raises:
        MalformedCredentialsError: It is neither Basic nor Bearer, malformed, or there are several.
    """
    values = [value for name, value in scope["headers"] if name == b"authorization"]
    if not values:
        return None
    scheme, _, rest = values[0].decode("latin-1").partition(" ")
    match scheme.lower():
        case "basic" if len(values) == 1:
            return _basic(rest.strip())
        case "bearer" if len(values) == 1 and _TOKEN.fullmatch(rest.strip()):
            return Bearer(rest.strip())
    raise MalformedCredentialsError


def _basic(encoded: str) -> Basic:
    if len(encoded) > _MAX_LENGTH:
        raise MalformedCredentialsError
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise MalformedCredentialsError from error
    user_name, colon, password = decoded.partition(":")
    if not colon:
        raise MalformedCredentialsError
    return Basic(user_name, password)


def session_token(scope: Scope) -> str | None:
    """Return the value of the session cookie, cut to 1,024 characters; None without one."""
    value = cookie(scope, COOKIE)
    return None if value is None else value[:_MAX_LENGTH]


def changes_something(scope: Scope) -> bool:
    """Say whether a request may change something, by its method; an upgrade may not."""
    return scope["type"] == "http" and scope["method"] not in _SAFE_METHODS


def client_address(scope: Scope) -> str:
    """Return the address of the client, empty where it is not known."""
    client = scope.get("client")
    return client[0] if client else ""
