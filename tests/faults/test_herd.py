"""Many clients whose server is killed and comes back."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from shared.contracts.events import InteractionCompleted
from shared.contracts.outgoing import wrap
from tests.bench_cometd.herd import stampede
from tests.connected.gateway.test_process import Process
from tests.connected.world import World, cause
from tests.faults.returning import ReturningHerd

pytestmark = [pytest.mark.connected, pytest.mark.faults]

_SIZE: Final = 200
_EVENTS: Final = 30
_ISSUER: Final = "https://login.example"


async def test_a_thousand_clients_are_back_within_fifteen_seconds() -> None:
    result = await stampede(1000)

    assert len(result.delays) == 1000
    assert max(result.delays) < 15
    assert result.heard == 1000


@asynccontextmanager
async def gateway(rabbitmq_url: str, mongodb_url: str, keys: Path) -> AsyncIterator[Process]:
    """A gateway process that believes whoever has one of our keys."""
    process = Process(rabbitmq_url, mongodb_url)
    process.environment |= {
        "GATEWAY_OIDC_ISSUER": _ISSUER,
        "GATEWAY_OIDC_AUDIENCE": "mailroom",
        "GATEWAY_OIDC_JWKS_FILE": str(keys),
    }
    await process.start()
    try:
        yield process
    finally:
        await kill(process)


async def kill(process: Process) -> None:
    """End a process as a lost node would."""
    if process.process.returncode is None:
        process.process.kill()
    await process.process.communicate()


def token(key: ECKey, agent: str) -> str:
    """Return a login that lasts as long as a test."""
    claims = {
        "iss": _ISSUER,
        "aud": "mailroom",
        "exp": int(time.time()) + 3600,
        "preferred_username": agent,
    }
    return jwt.encode({"alg": "ES256", "kid": "1"}, claims, key, algorithms=["ES256"])


async def announce(world: World, agents: Sequence[str], times: int) -> None:
    """Let something happen to every agent, again and again."""
    mail = await world.receive()
    for _ in range(times):
        now = world.clock.now()
        await world.publisher.publish_all(
            [wrap(InteractionCompleted.of(mail, agent), cause(), now) for agent in agents]
        )


async def test_a_herd_misses_nothing_when_its_gateway_is_killed_under_events(
    world: World, vhost_url: str, database_url: str, tmp_path: Path
) -> None:
    agents = [f"agent{number}" for number in range(_SIZE)]
    key = ECKey.generate_key("P-256", {"kid": "1"})
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(KeySet([key]).as_dict(private=False)))
    for agent in agents:
        await world.hire(agent)

    async with gateway(vhost_url, database_url, keys) as process:
        herd = ReturningHerd(
            process.url, _SIZE, "/v2/me/interactions", lambda number: token(key, agents[number])
        )
        async with herd.roaming():
            await herd.all_are_there(within=60)
            happening = asyncio.create_task(announce(world, agents, _EVENTS))
            await herd.all_have(3, within=60)
            await kill(process)
            herd.back.clear()
            await process.start()
            restarted = time.monotonic()
            await herd.all_are_there(within=60)
            await happening
            await herd.all_have(_EVENTS, within=60)

    assert max(herd.back.values()) - restarted < 15
    assert herd.heard == {number: list(range(1, _EVENTS + 1)) for number in range(_SIZE)}
