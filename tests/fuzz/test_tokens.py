"""Any token is accepted or refused, and nothing else comes of it."""

import json
from contextlib import suppress
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, KeySet

from services.gateway.auth.tokens.access_tokens import (
    BadTokenError,
    Identity,
    TokenRules,
    read_keys,
    verify_token,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RULES = TokenRules("https://login.example", "mailroom", clients=frozenset({"desktop"}))
KEY = ECKey.generate_key("P-256", {"kid": "1"})
KEYS = read_keys(json.dumps(KeySet([KEY]).as_dict(private=False)).encode())
GOOD = {
    "iss": RULES.issuer,
    "aud": RULES.audience,
    "azp": "desktop",
    "exp": NOW.timestamp() + 300,
    "preferred_username": "ann",
}
NAMES = st.sampled_from(
    [*GOOD, "nbf", "iat", "typ", "client_id", "nonce", "scope", "at_hash"]
) | st.text(max_size=8)
DIGITS = st.integers(0, 4200).map(lambda zeros: "1" + "0" * zeros)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
).map(json.dumps)


@given(st.dictionaries(NAMES, VALUES | DIGITS, max_size=6))
def test_a_signed_token_is_believed_or_refused(changes: dict[str, str]) -> None:
    claims = {name: json.dumps(value) for name, value in GOOD.items()} | changes
    payload = ",".join(f"{json.dumps(name)}:{text}" for name, text in claims.items())
    token = jws.serialize_compact(
        {"alg": "ES256", "kid": "1"}, f"{{{payload}}}", KEY, algorithms=["ES256"]
    )

    with suppress(BadTokenError):
        identity = verify_token(token, KEYS, RULES, NOW)
        assert isinstance(identity, Identity)
        assert identity.ends_at > NOW
