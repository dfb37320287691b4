"""The issuer's keys are fetched seldom, whatever tokens come."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, KeySet

from services.gateway.auth.tokens.access_tokens import BadTokenError, TokenHead
from services.gateway.auth.tokens.signing_keys import KeysUnavailableError, SigningKeys, from_file
from services.gateway.settings import GatewaySettings

KNOWN = TokenHead("ES256", "1")
UNKNOWN = TokenHead("ES256", "2")


def document(*kids: str) -> bytes:
    keys = KeySet([ECKey.generate_key("P-256", {"kid": kid}) for kid in kids])
    return json.dumps(keys.as_dict(private=False)).encode()


class Issuer:
    """Publishes keys, and counts who asks."""

    def __init__(self, answer: bytes | Exception) -> None:
        self.answer = answer
        self.asked = 0

    async def __call__(self) -> bytes:
        self.asked += 1
        await asyncio.sleep(0)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_keys_are_fetched_once_for_all_who_come() -> None:
    issuer = Issuer(document("1"))
    keys = SigningKeys(issuer)

    found = await asyncio.gather(*(keys.for_token(KNOWN) for _ in range(20)))

    assert issuer.asked == 1
    assert all(len(some) == 1 for some in found)


async def test_an_unknown_key_is_looked_for_but_not_too_often() -> None:
    issuer = Issuer(document("1"))
    keys = SigningKeys(issuer)

    for _ in range(20):
        await keys.for_token(UNKNOWN)

    assert issuer.asked == 1


async def test_a_new_key_is_found_after_the_pause() -> None:
    issuer = Issuer(document("1"))
    keys = SigningKeys(issuer, pause=timedelta(0))
    await keys.for_token(KNOWN)
    issuer.answer = document("1", "2")

    found = await keys.for_token(UNKNOWN)

    assert [key.get("kid") for key in found] == ["1", "2"]


@pytest.mark.parametrize("fault", [OSError(), TimeoutError(), BadTokenError(), b"no keys"])
async def test_known_keys_stay_good_while_the_issuer_is_away(fault: bytes | Exception) -> None:
    issuer = Issuer(document("1"))
    keys = SigningKeys(issuer, pause=timedelta(0))
    await keys.for_token(KNOWN)
    issuer.answer = fault

    assert len(await keys.for_token(UNKNOWN)) == 1
    assert issuer.asked == 2


async def test_missing_keys_are_unavailable() -> None:
    with pytest.raises(KeysUnavailableError):
        await SigningKeys(Issuer(OSError())).for_token(KNOWN)


async def test_keys_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_bytes(document("1"))

    assert len(await SigningKeys(from_file(file)).for_token(KNOWN)) == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"oidc_issuer": "https://login.example"},
        {"oidc_issuer": "https://login.example", "oidc_audience": "mailroom"},
        {"oidc_jwks_url": "http://login.example/jwks"},
        {"oidc_jwks_url": "file:///etc/passwd"},
    ],
)
def test_an_issuer_is_configured_wholly_or_not_at_all(settings: dict[str, str]) -> None:
    servers = {"RABBITMQ_URL": "amqp://localhost", "MONGODB_URL": "mongodb://localhost"}

    with pytest.raises(ValueError, match="GATEWAY_OIDC"):
        GatewaySettings.model_validate(servers | settings)
