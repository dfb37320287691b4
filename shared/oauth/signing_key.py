"""A private key that a client of a token endpoint signs with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, RSAKey


class BadCredentialsError(ValueError):
    """A secret is missing or malformed; the message names the variable."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, the issuer who signs with it, and the header of its signatures."""

    issuer: str
    header: Mapping[str, str]
    key: "RSAKey | ECKey" = field(repr=False)
