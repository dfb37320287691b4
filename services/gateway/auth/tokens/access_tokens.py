"""Verifies access tokens and ID tokens: signed JSON Web Tokens (RFC 7519, RFC 8725). Pure.

Only keys of the configured issuer verify a token. Keys that a token brings or links to are refused.
"""

import json
import re
import secrets
import warnings
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey
from joserfc.util import urlsafe_b64decode

from shared.domain.storable_text import storable

Key = RSAKey | ECKey | OKPKey

_KEY_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP", "Ed25519": "OKP"}
)
_HEADER_TYPES: Final = frozenset({"jwt", "at+jwt", "application/jwt", "application/at+jwt"})
_ACCESS_TOKEN_CLAIM: Final = frozenset({"bearer", "jwt", "at+jwt", "access", "access_token"})
"""Values of the claim `typ` in access tokens. The header `typ` may not tell them apart."""

_ID_TOKEN_CLAIMS: Final = frozenset({"at_hash", "c_hash"})
_REFUSED_HEADERS: Final = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64"})
# Checked before anything of the token is decoded.
_MAX_TOKEN_SIZE: Final = 16 * 1024
_KEY_ID: Final = re.compile(r"[\x21-\x7e]{1,256}")
# RFC 7518, 3.3.
_MIN_RSA_BITS: Final = 2048
_CURVES: Final = frozenset({"P-256", "Ed25519"})


class BadTokenError(ValueError):
    """A token that is refused. The message is for the operator's log, not for the sender."""


@dataclass(frozen=True, slots=True)
class TokenRules:
    """The conditions that an accepted token fulfils.

    `issuer` and `audience` have to be in the token (`iss`, `aud`). `user_claim` is the claim that
    holds the agent's user name. Where `clients` are listed, the token has to be issued to one of
    them (`azp` or `client_id`). `skew` is how far the issuer's clock may be wrong.
    """

    issuer: str
    audience: str
    user_claim: str = "preferred_username"
    clients: AbstractSet[str] = frozenset()
    skew: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Identity:
    """The user name in a token, and when the token ends, `skew` included."""

    user_name: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class TokenHead:
    """Algorithm and key id of a token's header, not verified yet."""

    algorithm: str
    key_id: str | None


def read_head(token: str) -> TokenHead:
    """Return the algorithm and the key id in the header of a token.

    Raises:
        BadTokenError: It is no signed token, or its header is not accepted.
    """
    if len(token) > _MAX_TOKEN_SIZE or token.count(".") != 2:  # noqa: PLR2004 - RFC 7515 section 7.1
        raise BadTokenError("not a compact signed token")
    header = _decode_header(token.partition(".")[0])
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in _KEY_TYPES:
        raise BadTokenError("its algorithm is not allowed")
    if _REFUSED_HEADERS & header.keys():
        raise BadTokenError("its header names keys or extensions")
    if str(header.get("typ", "JWT")).lower() not in _HEADER_TYPES:
        raise BadTokenError("the type in its header is not allowed")
    if key_id is not None and not (isinstance(key_id, str) and _KEY_ID.fullmatch(key_id)):
        raise BadTokenError("its key id is not well-formed")
    return TokenHead(algorithm, key_id)


def verify_token(token: str, keys: Sequence[Key], rules: TokenRules, now: datetime) -> Identity:
    """Return the identity in a token, once its signature and claims are verified.

    Raises:
        BadTokenError: None of the keys signed it, it is for another audience, not valid yet, or
            expired.
    """
    headers, claims = _verify_signature(token, keys)
    _require_access_token(headers, claims, rules)
    return _verify_claims(claims, rules, now)


def verify_id_token(
    token: str, keys: Sequence[Key], rules: TokenRules, nonce: str, now: datetime
) -> Identity:
    """Return the identity in an ID token (OpenID Connect Core section 3.1.3.7).

    The audience of the rules is the client that asked for the token, with this `nonce`.

    Raises:
        BadTokenError: None of the keys signed it, it is of another login or for another client, not
            valid yet, or expired.
    """
    _, claims = _verify_signature(token, keys)
    given = claims.get("nonce")
    if not isinstance(given, str) or not secrets.compare_digest(_octets(given), _octets(nonce)):
        raise BadTokenError("its nonce is another one")
    audience = claims.get("aud")
    is_shared = isinstance(audience, list) and len(audience) > 1
    if (is_shared or "azp" in claims) and claims.get("azp") != rules.audience:
        raise BadTokenError("its authorized party is another client")
    return _verify_claims(claims, rules, now)


def _verify_signature(token: str, keys: Sequence[Key]) -> tuple[str, Mapping[str, Any]]:
    """Return the type in the header and the claims of a token that one of the keys has signed."""
    head = read_head(token)
    key = _key_for(head, keys)
    try:
        with warnings.catch_warnings():
            # The library warns of the name EdDSA, deprecated by RFC 9864: issuers still use it.
            warnings.simplefilter("ignore", SecurityWarning)
            signed = jws.deserialize_compact(token, key, algorithms=[head.algorithm])
    except (JoseError, ValueError) as error:
        raise BadTokenError("the signature does not match") from error
    return str(signed.headers().get("typ", "")), _decode_claims(signed.payload or b"")


def read_keys(text: bytes) -> tuple[Key, ...]:
    """Return the keys of a JWKS document (RFC 7517) that may verify tokens.

    Symmetric keys, encryption keys and weak keys are left out.

    Raises:
        BadTokenError: It is not a JWKS document.
    """
    try:
        document = json.loads(text)
        found = KeySet.import_key_set({"keys": [_without_key_ops(one) for one in document["keys"]]})
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadTokenError("not a JSON Web Key Set") from error
    return tuple(key for key in found.keys if _is_acceptable(key))  # type: ignore[misc]


def has_key_for(keys: Sequence[Key], head: TokenHead) -> bool:
    """Say whether one of the keys fits the algorithm and the key id of a token."""
    return bool(_candidates(head, keys))


def _key_for(head: TokenHead, keys: Sequence[Key]) -> Key:
    candidates = _candidates(head, keys)
    if len(candidates) != 1:
        raise BadTokenError("not exactly one key fits its algorithm and key id")
    return candidates[0]


def _candidates(head: TokenHead, keys: Sequence[Key]) -> list[Key]:
    return [
        key
        for key in keys
        if key.key_type == _KEY_TYPES[head.algorithm]
        and head.key_id in (None, key.get("kid"))
        and key.get("alg") in (None, head.algorithm)
    ]


def _without_key_ops(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a key without `key_ops`, which some issuers fill in wrongly."""
    return {name: value for name, value in fields.items() if name != "key_ops"}


def _is_acceptable(key: object) -> bool:
    match key:
        case RSAKey():
            strong = key.public_key.key_size >= _MIN_RSA_BITS
        case ECKey() | OKPKey():
            strong = key.get("crv") in _CURVES
        case _:
            return False
    return strong and key.get("use") in (None, "sig")


def _decode_claims(payload: bytes) -> Mapping[str, Any]:
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise BadTokenError("the claims are not JSON") from error
    if not isinstance(claims, dict):
        raise BadTokenError("the claims are not a JSON object")
    return claims


def _require_access_token(header_type: str, claims: Mapping[str, Any], rules: TokenRules) -> None:
    """Refuse ID tokens (OpenID Connect Core section 2): they tell a client who logged in.

    Raises:
        BadTokenError: It is an ID token, or was issued to a client that is not listed.
    """
    claimed_type, client = claims.get("typ"), claims.get("azp", claims.get("client_id"))
    if claimed_type is not None and str(claimed_type).lower() not in _ACCESS_TOKEN_CLAIM:
        raise BadTokenError("not an access token: the claim typ names another type")
    if _ID_TOKEN_CLAIMS & claims.keys():
        raise BadTokenError("not an access token: it has a claim of ID tokens")
    is_marked_as_access = (
        header_type.lower().endswith("at+jwt")
        or claimed_type is not None
        or not claims.keys().isdisjoint({"scope", "scp"})
    )
    if not is_marked_as_access and ("nonce" in claims or client == rules.audience):
        raise BadTokenError("not an access token: its audience is the client itself")
    if rules.clients and not (isinstance(client, str) and client in rules.clients):
        raise BadTokenError("its client is not listed")


def _verify_claims(claims: Mapping[str, Any], rules: TokenRules, now: datetime) -> Identity:
    audience = claims.get("aud")
    if claims.get("iss") != rules.issuer:
        raise BadTokenError("its issuer is another one")
    if rules.audience not in (audience if isinstance(audience, list) else [audience]):
        raise BadTokenError("its audience is another one")
    ends_at = _numeric_date(claims, "exp") + rules.skew.total_seconds()
    if ends_at <= now.timestamp():
        raise BadTokenError("expired")
    for name in {"nbf", "iat"} & claims.keys():
        if _numeric_date(claims, name) - rules.skew.total_seconds() > now.timestamp():
            raise BadTokenError("not valid yet")
    user_name = claims.get(rules.user_claim)
    if not isinstance(user_name, str) or not 0 < len(user_name) <= 256:  # noqa: PLR2004 - a name
        raise BadTokenError("the claim of the user name is no name")
    if storable(user_name, len(user_name)) != user_name:
        raise BadTokenError("the user name cannot be stored")
    return Identity(user_name, datetime.fromtimestamp(ends_at, UTC))


def _octets(text: str) -> bytes:
    # JSON can spell half a surrogate pair, which `encode` alone refuses.
    return text.encode(errors="surrogatepass")


def _numeric_date(claims: Mapping[str, Any], name: str) -> float:
    """Return a NumericDate (RFC 7519 section 2), which `datetime` can hold."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadTokenError(f"{name} is no number")
    # Checked before `float`, which fails for an integer of thousands of digits.
    if not 0 <= value <= 2**37:
        raise BadTokenError(f"{name} is out of range")
    return float(value)


def _decode_header(encoded: str) -> Mapping[str, Any]:
    try:
        value = json.loads(urlsafe_b64decode(encoded.encode("ascii")))
    except (ValueError, RecursionError) as error:
        raise BadTokenError("the header is not JSON") from error
    if not isinstance(value, dict):
        raise BadTokenError("the header is not a JSON object")
    return value
