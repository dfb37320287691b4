"""Bearer tokens: valid ones are accepted, forged ones refused."""

import base64
import json
import warnings
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, hmac, serialization
from joserfc import jws, jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

from services.gateway.auth.tokens.access_tokens import (
    BadTokenError,
    Identity,
    Key,
    TokenRules,
    read_head,
    read_keys,
    verify_id_token,
    verify_token,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RULES = TokenRules("https://login.example", "mailroom")


@cache
def rsa(kid: str = "rsa") -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid})


@cache
def curve(kid: str = "ec") -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid})


@cache
def ed25519_key(kid: str = "ed") -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": kid})


def published(*keys: Any) -> tuple[Key, ...]:
    return read_keys(json.dumps(KeySet(list(keys)).as_dict(private=False)).encode())


def claims(**changes: Any) -> dict[str, Any]:
    moment = int(NOW.timestamp())
    usual = {
        "iss": "https://login.example",
        "aud": "mailroom",
        "exp": moment + 300,
        "iat": moment,
        "preferred_username": "ann",
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


def signed(
    key: Any = None, algorithm: str = "RS256", head: Mapping[str, Any] | None = None, **changes: Any
) -> str:
    key = key or rsa()
    header = {"alg": algorithm, "kid": key.get("kid"), **(head or {})}
    header = {name: value for name, value in header.items() if value is not None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        return jwt.encode(header, claims(**changes), key, algorithms=[algorithm])


def encoded(value: object) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (rsa, "RS256"),
        (rsa, "PS256"),
        (curve, "ES256"),
        (ed25519_key, "EdDSA"),
        (ed25519_key, "Ed25519"),
    ],
)
def test_a_token_of_the_issuer_speaks_for_its_user(key: Any, algorithm: str) -> None:
    keys = published(rsa(), curve(), ed25519_key())

    identity = verify_token(signed(key(), algorithm), keys, RULES, NOW)

    assert identity == Identity("ann", NOW + timedelta(seconds=360))


@pytest.mark.parametrize("audience", ["mailroom", ["other", "mailroom"]])
def test_audience_among_others_is_enough(audience: object) -> None:
    assert verify_token(signed(aud=audience), published(rsa()), RULES, NOW).user_name == "ann"


def test_another_claim_may_hold_the_name() -> None:
    rules = TokenRules("https://login.example", "mailroom", user_claim="upn")

    assert verify_token(signed(upn="bob"), published(rsa()), rules, NOW).user_name == "bob"


@pytest.mark.parametrize("changes", [{"exp": -59}, {"nbf": 59}, {"iat": 59}])
def test_clocks_may_differ_by_a_minute(changes: dict[str, int]) -> None:
    moments: dict[str, Any] = {
        name: int(NOW.timestamp()) + offset for name, offset in changes.items()
    }

    assert verify_token(signed(**moments), published(rsa()), RULES, NOW).user_name == "ann"


@pytest.mark.parametrize("changes", [{"exp": -60}, {"nbf": 61}, {"iat": 61}])
def test_and_by_no_more_than_that(changes: dict[str, int]) -> None:
    moments: dict[str, Any] = {
        name: int(NOW.timestamp()) + offset for name, offset in changes.items()
    }

    with pytest.raises(BadTokenError):
        verify_token(signed(**moments), published(rsa()), RULES, NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "other"},
        {"aud": ["other"]},
        {"aud": None},
        {"aud": {"mailroom": 1}},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": 2**60},
        {"exp": 10**3999},
        {"iat": 10**3999},
        {"exp": -(10**3999)},
        {"exp": -1},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"nbf": "now"},
        {"preferred_username": None},
        {"preferred_username": ""},
        {"preferred_username": 7},
        {"preferred_username": "a" * 257},
        {"preferred_username": "ann\0"},
    ],
)
def test_claims_that_are_not_right_are_not_believed(changes: dict[str, Any]) -> None:
    with pytest.raises(BadTokenError):
        verify_token(signed(**changes), published(rsa()), RULES, NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"typ": "ID"},
        {"typ": "ID", "scope": "openid"},
        {"typ": "Refresh"},
        {"typ": 7},
        {"at_hash": "x"},
        {"c_hash": "x"},
        {"nonce": "x"},
        {"azp": "mailroom"},
    ],
)
def test_an_id_token_is_no_access_token(changes: dict[str, Any]) -> None:
    with pytest.raises(BadTokenError, match="access token"):
        verify_token(signed(**changes), published(rsa()), RULES, NOW)


@pytest.mark.parametrize(
    "changes", [{}, {"azp": "mailroom"}, {"aud": ["mailroom", "other"], "azp": "mailroom"}]
)
def test_id_token_of_this_login_names_the_agent(changes: dict[str, Any]) -> None:
    token = signed(nonce="n", at_hash="x", **changes)

    assert verify_id_token(token, published(rsa()), RULES, "n", NOW).user_name == "ann"


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "other"},
        {"nonce": None},
        {"nonce": 7},
        {"aud": "other"},
        {"aud": ["mailroom", "other"]},
        {"azp": "other"},
        {"iss": "https://evil.example"},
        {"exp": 0},
        {"preferred_username": ""},
    ],
)
def test_id_token_of_another_login_is_refused(changes: dict[str, Any]) -> None:
    token = signed(**{"nonce": "n", **changes})

    with pytest.raises(BadTokenError):
        verify_id_token(token, published(rsa()), RULES, "n", NOW)


@pytest.mark.parametrize(
    ("head", "changes"),
    [
        ({"typ": "at+jwt"}, {}),
        ({"typ": "JWT"}, {"typ": "Bearer"}),
        ({"typ": "JWT"}, {"scope": "openid email"}),
        ({"typ": "JWT"}, {"scp": ["mail"]}),
    ],
)
def test_access_token_may_name_client_and_nonce(
    head: dict[str, Any], changes: dict[str, Any]
) -> None:
    token = signed(head=head, azp="mailroom", nonce="x", **changes)

    assert verify_token(token, published(rsa()), RULES, NOW).user_name == "ann"


@pytest.mark.parametrize(
    ("changes", "is_good"),
    [
        ({"azp": "desktop"}, True),
        ({"client_id": "desktop"}, True),
        ({"azp": "other"}, False),
        ({"azp": "other", "client_id": "desktop"}, False),
        ({"azp": ["desktop"]}, False),
        ({}, False),
    ],
)
def test_only_known_clients_count_where_they_are_listed(
    changes: dict[str, Any], is_good: bool
) -> None:
    rules = replace(RULES, clients=frozenset({"desktop"}))
    token = signed(**changes)

    if is_good:
        assert verify_token(token, published(rsa()), rules, NOW).user_name == "ann"
    else:
        with pytest.raises(BadTokenError, match="client"):
            verify_token(token, published(rsa()), rules, NOW)


HALF = "half of \ud83d"


@pytest.mark.parametrize("claim", ["preferred_username", "iss", "aud", "nonce", "azp"])
def test_id_token_with_half_a_character_is_refused(claim: str) -> None:
    named = json.dumps(claims(nonce="n") | {claim: HALF}).encode()
    token = jws.serialize_compact({"alg": "RS256", "kid": "rsa"}, named, rsa())

    with pytest.raises(BadTokenError):
        verify_id_token(token, published(rsa()), RULES, "n", NOW)


@pytest.mark.parametrize("claim", ["preferred_username", "iss", "aud", "client_id", "typ"])
def test_access_token_with_half_a_character_is_refused(claim: str) -> None:
    named = json.dumps(claims() | {claim: HALF}).encode()
    token = jws.serialize_compact({"alg": "RS256", "kid": "rsa"}, named, rsa())
    rules = replace(RULES, clients=frozenset({"desk"}))

    with pytest.raises(BadTokenError):
        verify_token(token, published(rsa()), rules, NOW)


@pytest.mark.parametrize("field", ["alg", "kid", "typ"])
def test_head_with_half_a_character_is_refused(field: str) -> None:
    head = encoded({"alg": "RS256", "kid": "rsa"} | {field: HALF})

    with pytest.raises(BadTokenError):
        read_head(f"{head}.{encoded(claims())}.")


@pytest.mark.parametrize("part", range(3))
def test_token_spelled_with_half_a_character_is_refused(part: int) -> None:
    parts = signed(nonce="n").split(".")
    parts[part] += "\ud83d"

    with pytest.raises(BadTokenError):
        verify_id_token(".".join(parts), published(rsa()), RULES, "n", NOW)


def test_an_unsigned_token_is_not_believed() -> None:
    token = f"{encoded({'alg': 'none', 'kid': 'rsa'})}.{encoded(claims())}."

    with pytest.raises(BadTokenError):
        verify_token(token, published(rsa()), RULES, NOW)


def test_the_public_key_is_no_secret_to_sign_with() -> None:
    public = rsa().public_key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    content = f"{encoded({'alg': 'HS256', 'kid': 'rsa'})}.{encoded(claims())}"
    signature = hmac.HMAC(public, hashes.SHA256())
    signature.update(content.encode())

    with pytest.raises(BadTokenError, match="algorithm"):
        verify_token(f"{content}.{encoded(signature.finalize())}", published(rsa()), RULES, NOW)


def test_a_stranger_s_key_of_the_same_id_signs_nothing() -> None:
    forger = RSAKey.generate_key(2048, {"kid": "rsa"})

    with pytest.raises(BadTokenError, match="signature"):
        verify_token(signed(forger), published(rsa()), RULES, NOW)


def test_claims_cannot_be_exchanged() -> None:
    head, _, signature = signed().split(".")

    with pytest.raises(BadTokenError, match="signature"):
        verify_token(
            f"{head}.{encoded(claims(preferred_username='boss'))}.{signature}",
            published(rsa()),
            RULES,
            NOW,
        )


@pytest.mark.parametrize(
    "head",
    [
        {"kid": "../../etc/passwd\n"},
        {"kid": "a b"},
        {"kid": ""},
        {"kid": "k" * 300},
        {"typ": "logout+jwt"},
        {"typ": "secevent+jwt"},
    ],
)
def test_heads_that_are_not_right_are_not_believed(head: dict[str, Any]) -> None:
    with pytest.raises(BadTokenError):
        read_head(signed(head=head))


@pytest.mark.parametrize(
    "head",
    [
        {"alg": "RS256", "jku": "https://evil.example/jwks"},
        {"alg": "RS256", "jwk": {"kty": "RSA"}},
        {"alg": "RS256", "x5u": "https://evil.example/cert"},
        {"alg": "RS256", "crit": ["b64"], "b64": False},
        {"alg": "RS512"},
        {"alg": ["RS256"]},
        {"alg": "RS256", "kid": 7},
        {},
        [],
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_token_brings_no_key_and_no_other_rules(head: object) -> None:
    with pytest.raises(BadTokenError):
        read_head(f"{encoded(head)}.{encoded(claims())}.AAAA")


@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c.d", "a.b.c.d.e", "é.é.é", "." * 20_000])
def test_malformed_token_is_refused(token: str) -> None:
    with pytest.raises(BadTokenError):
        read_head(token)


def test_an_unknown_key_id_is_not_believed() -> None:
    with pytest.raises(BadTokenError, match="key"):
        verify_token(signed(rsa("new")), published(rsa()), RULES, NOW)


def test_token_without_key_id_needs_a_single_key() -> None:
    token = signed(head={"kid": None})

    assert verify_token(token, published(rsa(), curve()), RULES, NOW).user_name == "ann"
    with pytest.raises(BadTokenError, match="key"):
        verify_token(token, published(rsa(), rsa("other")), RULES, NOW)


def test_a_key_for_another_purpose_verifies_nothing() -> None:
    secret = OctKey.generate_key(256, {"kid": "secret"})
    ciphering = RSAKey.import_key(rsa().as_dict(private=False) | {"use": "enc"})
    other = RSAKey.import_key(rsa().as_dict(private=False) | {"alg": "PS256"})

    assert published(ciphering) == ()
    assert read_keys(json.dumps({"keys": [secret.as_dict()]}).encode()) == ()
    with pytest.raises(BadTokenError, match="key"):
        verify_token(signed(), published(other), RULES, NOW)


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", b'{"keys":7}', b'{"keys":[{"kty":"RSA"}]}', b"[" * 9_999]
)
def test_malformed_key_set_is_refused(text: bytes) -> None:
    with pytest.raises(BadTokenError):
        read_keys(text)
