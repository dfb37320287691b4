"""Who has agreed to a login, as far as the tokens say it. Pure.

The tokens come from the token endpoint itself, over TLS, and are read to catch a mistake: nothing
is granted because of them. So their signatures are not checked.
"""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Final

from shared.domain.storable_text import storable
from shared.oauth.token_responses import Granted

_CLAIMS: Final = ("email", "preferred_username", "upn", "unique_name")
"""Where Google, Microsoft and others write the address of the person."""

_PARTS: Final = 3
_LONGEST_ADDRESS: Final = 320


def other_person(granted: Granted, user_name: str) -> str:
    """Return the address of somebody else who has agreed; "" for `user_name` or an unknown one."""
    people = [
        address
        for token in (granted.id_token, granted.access_token)
        for address in _addresses_in(token)
    ]
    if not people or user_name.casefold() in {one.casefold() for one in people}:
        return ""
    return people[0]


def _addresses_in(token: str) -> Iterator[str]:
    claims = _claims_of(token)
    for name in _CLAIMS:
        value = claims.get(name)
        if isinstance(value, str) and "@" in value:
            yield storable(value, _LONGEST_ADDRESS)


def _claims_of(token: str) -> Mapping[str, object]:
    """Return the claims of a JSON Web Token (RFC 7519); none of an opaque token."""
    parts = token.split(".")
    if len(parts) != _PARTS:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}
