"""One attempt to log in by authorization code: what is asked, and what must come back. Pure."""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urlencode, urlsplit

SCOPE: Final = "openid profile"
_COOKIE: Final = re.compile(rf"{'([A-Za-z0-9_-]{43})[.]' * 3}([01])")
# State, nonce and verifier.
_PARTS: Final = 3
_OCTETS: Final = 32
"""Random octets of each part; base64url makes 43 characters of them."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """The secrets of one attempt, which its browser keeps in a cookie until the code comes.

    `state` ties the code to the browser (RFC 6749 section 10.12), `verifier` to this attempt (PKCE,
    RFC 7636), `nonce` ties the ID token to it (OpenID Connect Core section 3.1.2.1). A login in a
    window of its own, beside a page that waits for it, has `in_window`.
    """

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    in_window: bool = False

    @classmethod
    def new(cls, *, in_window: bool) -> Self:
        """Return an attempt with new secrets."""
        state, nonce, verifier = (secrets.token_urlsafe(_OCTETS) for _ in range(_PARTS))
        return cls(state, nonce, verifier, in_window=in_window)

    @classmethod
    def read(cls, cookie: str) -> Self | None:
        """Return the attempt in a cookie; None where it holds none."""
        found = _COOKIE.fullmatch(cookie)
        return cls(found[1], found[2], found[3], in_window=found[4] == "1") if found else None

    @property
    def cookie(self) -> str:
        """The attempt as the value of a cookie."""
        return f"{self.state}.{self.nonce}.{self.verifier}.{int(self.in_window)}"

    def address(self, endpoint: str, client_id: str, callback: str) -> str:
        """Return the address at the provider where a person logs in."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": callback,
            "scope": SCOPE,
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        joint = "&" if urlsplit(endpoint).query else "?"
        return f"{endpoint}{joint}{urlencode(query)}"

    def fits(self, query: Mapping[str, str]) -> bool:
        """Say whether the query of a callback is an answer to this attempt."""
        return secrets.compare_digest(query.get("state", "").encode(), self.state.encode())

    def code(self, query: Mapping[str, str], issuer: str) -> str | None:
        """Return the code that a provider has sent for this attempt; None where it is refused.

        `query` is that of the callback. Where it names an issuer (RFC 9207), it has to be ours.
        """
        if not self.fits(query) or query.get("iss", issuer) != issuer or "error" in query:
            return None
        return query.get("code") or None
