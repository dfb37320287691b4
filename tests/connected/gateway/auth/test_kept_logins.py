"""Logins that `mailroom apply` has not moved yet are valid, and stay open when it does."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from services.console.agent_directory import AgentDirectory, LoginMove
from tests.connected.gateway.auth.test_revoking import connected
from tests.connected.gateway.auth.test_session_ends import FIVE_SECONDS, logged_in, status
from tests.support.gateway import Gateway, running_gateway

pytestmark = pytest.mark.connected


@pytest.fixture
async def earlier(gateway: Gateway, vhost_url: str, database_url: str) -> AsyncIterator[Gateway]:
    """A gateway that starts when an earlier release has stored its agents."""
    for name in ("agent1", "agent2", "admin"):
        await gateway.backend.keep_login_as_before(name)
    async with running_gateway(gateway.backend, vhost_url, database_url) as started:
        yield started


async def move(gateway: Gateway) -> LoginMove:
    moved = await AgentDirectory(gateway.backend.database, gateway.backend.clock).move_logins()
    gateway.backend.clock.move(FIVE_SECONDS)
    return moved


async def test_session_from_before_the_move_stays_open(earlier: Gateway) -> None:
    browser = await logged_in(earlier)
    client = await connected(await earlier.client("agent2"))

    before = await status(browser)
    moved = await move(earlier)
    after = await status(browser)

    [reply] = await client.ask("/meta/connect")
    assert (before, after, moved) == (200, 200, LoginMove(hashes=3))
    assert reply["successful"] is True
    assert (await (await earlier.client("agent1")).get("/api/v2/me")).status_code == 200


async def test_a_wrong_password_is_refused_before_the_move(earlier: Gateway) -> None:
    stranger = await earlier.client()

    answer = await stranger.get("/api/v2/me", auth=httpx2.BasicAuth("agent1", "agent2"))

    assert answer.status_code == 401


async def test_sessions_that_ended_before_the_move_stay_ended(earlier: Gateway) -> None:
    browser, other = await logged_in(earlier), await logged_in(earlier)

    await other.delete("/api/v2/me/sessions")
    before = await status(browser)
    await move(earlier)

    assert (before, await status(browser)) == (401, 401)
    assert await status(await logged_in(earlier)) == 200
