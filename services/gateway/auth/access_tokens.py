"""Bearer tokens: which JSON Web Tokens (RFC 7519, RFC 8725) are believed, and whose they are. Pure.

Only the configured issuer's keys verify anything: nothing that a token says of keys is followed.
"""

import json
import re
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
_TYPES: Final = frozenset({"jwt", "at+jwt", "application/jwt", "application/at+jwt"})
_GIVES_ACCESS: Final = frozenset({"bearer", "jwt", "at+jwt", "access", "access_token"})
"""The claim `typ` of access tokens; the header tells of every token of an issuer the same."""

_OF_ID_TOKENS: Final = frozenset({"at_hash", "c_hash"})
_KEYS_OF_ITS_OWN: Final = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64"})
_LONGEST: Final = 16 * 1024
_KEY_ID: Final = re.compile(r"[\x21-\x7e]{1,256}")
_SMALLEST_RSA_BITS: Final = 2048
_CURVES: Final = frozenset({"P-256", "Ed25519"})


class BadTokenError(ValueError):
    """A token that is not believed; the message is for the operator's log, not for the sender."""


@dataclass(frozen=True, slots=True)
class TokenRules:
    """Whose tokens are believed, for whom they have to be meant, and who they name.

    Where `clients` are listed, a token has to be issued to one of them.
    """

    issuer: str
    audience: str
    user_claim: str = "preferred_username"
    clients: AbstractSet[str] = frozenset()
    skew: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a token speaks for, and until when."""

    user_name: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class TokenHead:
    """What a token says of its signature before anybody has verified it."""

    algorithm: str
    key_id: str | None


def read_head(token: str) -> TokenHead:
    """Return how a token claims to be signed.

    Raises:
        BadTokenError: It is no signed token, or not signed in a way that is believed.
    """
    if len(token) > _LONGEST or token.count(".") != 2:  # noqa: PLR2004 - RFC 7515 section 7.1
        raise BadTokenError("not a compact signed token")
    header = _object(token.partition(".")[0])
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in _KEY_TYPES:
        raise BadTokenError("the algorithm is not one of those allowed")
    if _KEYS_OF_ITS_OWN & header.keys():
        raise BadTokenError("the token brings keys or extensions of its own")
    if str(header.get("typ", "JWT")).lower() not in _TYPES:
        raise BadTokenError("the token is of another type")
    if key_id is not None and not (isinstance(key_id, str) and _KEY_ID.fullmatch(key_id)):
        raise BadTokenError("the key id is not well-formed")
    return TokenHead(algorithm, key_id)


def verified(token: str, keys: Sequence[Key], rules: TokenRules, now: datetime) -> Identity:
    """Return who a token speaks for.

    Raises:
        BadTokenError: None of the keys signed it, or it is not for us, not yet or no longer good.
    """
    head = read_head(token)
    key = _key_for(head, keys)
    try:
        with warnings.catch_warnings():
            # EdDSA is the older name of Ed25519 (RFC 9864), and the one that issuers use.
            warnings.simplefilter("ignore", SecurityWarning)
            signed = jws.deserialize_compact(token, key, algorithms=[head.algorithm])
    except (JoseError, ValueError) as error:
        raise BadTokenError("the signature is not right") from error
    claims = _claims(signed.payload or b"")
    _require_access_token(str(signed.headers().get("typ", "")), claims, rules)
    return _judged(claims, rules, now)


def read_keys(text: bytes) -> tuple[Key, ...]:
    """Return the keys of a JWKS document (RFC 7517) that may verify tokens.

    Secret, encryption and weak keys are left out.

    Raises:
        BadTokenError: It is no such document.
    """
    try:
        document = json.loads(text)
        found = KeySet.import_key_set({"keys": [_public(one) for one in document["keys"]]})
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadTokenError("not a JSON Web Key Set") from error
    return tuple(key for key in found.keys if _is_good(key))  # type: ignore[misc]


def knows(keys: Sequence[Key], head: TokenHead) -> bool:
    """Say whether one of the keys could have made a signature."""
    return bool(_candidates(head, keys))


def _key_for(head: TokenHead, keys: Sequence[Key]) -> Key:
    candidates = _candidates(head, keys)
    if len(candidates) != 1:
        raise BadTokenError("no key, or no single key, of that id")
    return candidates[0]


def _candidates(head: TokenHead, keys: Sequence[Key]) -> list[Key]:
    return [
        key
        for key in keys
        if key.key_type == _KEY_TYPES[head.algorithm]
        and head.key_id in (None, key.get("kid"))
        and key.get("alg") in (None, head.algorithm)
    ]


def _public(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a key without `key_ops`, which some issuers fill in wrongly."""
    return {name: value for name, value in fields.items() if name != "key_ops"}


def _is_good(key: object) -> bool:
    match key:
        case RSAKey():
            strong = key.public_key.key_size >= _SMALLEST_RSA_BITS
        case ECKey() | OKPKey():
            strong = key.get("crv") in _CURVES
        case _:
            return False
    return strong and key.get("use") in (None, "sig")


def _claims(payload: bytes) -> Mapping[str, Any]:
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise BadTokenError("the claims are not JSON") from error
    if not isinstance(claims, dict):
        raise BadTokenError("the claims are no object")
    return claims


def _require_access_token(header_type: str, claims: Mapping[str, Any], rules: TokenRules) -> None:
    """Refuse what an issuer made for a client, to tell it who logged in (OpenID Connect Core, 2).

    Raises:
        BadTokenError: It is such an ID token, or was issued to a client that is not listed.
    """
    claimed_type, client = claims.get("typ"), claims.get("azp", claims.get("client_id"))
    if claimed_type is not None and str(claimed_type).lower() not in _GIVES_ACCESS:
        raise BadTokenError("not an access token: another type")
    if _OF_ID_TOKENS & claims.keys():
        raise BadTokenError("not an access token: it vouches for other tokens")
    says_so = (
        header_type.lower().endswith("at+jwt")
        or claimed_type is not None
        or not claims.keys().isdisjoint({"scope", "scp"})
    )
    if not says_so and ("nonce" in claims or client == rules.audience):
        raise BadTokenError("not an access token: it is for the client itself")
    if rules.clients and not (isinstance(client, str) and client in rules.clients):
        raise BadTokenError("issued to a client that is not listed")


def _judged(claims: Mapping[str, Any], rules: TokenRules, now: datetime) -> Identity:
    audience = claims.get("aud")
    if claims.get("iss") != rules.issuer:
        raise BadTokenError("another issuer")
    if rules.audience not in (audience if isinstance(audience, list) else [audience]):
        raise BadTokenError("meant for somebody else")
    ends_at = _moment(claims, "exp") + rules.skew.total_seconds()
    if ends_at <= now.timestamp():
        raise BadTokenError("expired")
    for name in {"nbf", "iat"} & claims.keys():
        if _moment(claims, name) - rules.skew.total_seconds() > now.timestamp():
            raise BadTokenError("not good yet")
    user_name = claims.get(rules.user_claim)
    if not isinstance(user_name, str) or not 0 < len(user_name) <= 256:  # noqa: PLR2004 - a name
        raise BadTokenError("names nobody")
    if storable(user_name, len(user_name)) != user_name:
        raise BadTokenError("names nobody that could be stored")
    return Identity(user_name, datetime.fromtimestamp(ends_at, UTC))


def _moment(claims: Mapping[str, Any], name: str) -> float:
    """Return a NumericDate of RFC 7519, kept where a calendar reaches."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadTokenError(f"{name} is no moment")
    # Before it becomes a float, which an integer of four thousand digits cannot.
    if not 0 <= value <= 2**37:
        raise BadTokenError(f"{name} is out of range")
    return float(value)


def _object(encoded: str) -> Mapping[str, Any]:
    try:
        value = json.loads(urlsafe_b64decode(encoded.encode("ascii")))
    except (ValueError, RecursionError) as error:
        raise BadTokenError("the header is not JSON") from error
    if not isinstance(value, dict):
        raise BadTokenError("the header is no object")
    return value
