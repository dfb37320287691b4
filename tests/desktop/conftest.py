"""The whole system and a browser for all tests of the desktop."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import BrowserContext

from deploy.local.stack.services import Addresses
from deploy.local.stack.system import System
from tests.fixtures.broker import Broker
from tests.fixtures.built_desktop import built_desktop
from tests.fixtures.chromium import NewProfile
from tests.fixtures.openid_provider import running_provider
from tests.fixtures.rest_agents import agent1, agent2
from tests.support.agent_page import AgentPage, open_desktop, prefer
from tests.support.clients import rest_client
from tests.support.systems.whole_system import whole_system
from tests.support.waiting import until

__all__ = ["agent1", "agent2", "built_desktop"]

INVITATION_SECONDS = "60"

_ENDED_BY: Final[Mapping[str, str]] = {"ReplyCreated": "Cancel", "Accepted": "Complete"}
"""The operation that ends an interaction in a state."""


@pytest.fixture(scope="package")
async def running(
    broker: Broker,
    mongodb_url: str,
    built_desktop: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[System]:
    """A system whose gateway serves the desktop; offers last long enough to look at them.

    Agents log in by password, or at an OpenID provider.
    """
    assert await asyncio.to_thread(built_desktop.is_dir)
    addresses = Addresses.choose(familiar=False)
    url = f"http://127.0.0.1:{addresses.gateway}"
    async with (
        running_provider(url) as provider,
        whole_system(
            broker,
            mongodb_url,
            tmp_path_factory.mktemp("sent"),
            invitation=INVITATION_SECONDS,
            addresses=addresses,
            settings={**provider.variables, "GATEWAY_PUBLIC_URL": url},
        ) as up,
    ):
        # Most tests are about something else than formats, and agent2 writes with them.
        await prefer(url, "agent1", formats=False)
        yield up


@pytest.fixture(scope="package")
async def browser(new_profile: NewProfile) -> AsyncIterator[BrowserContext]:
    """A browser whose user reads English, with the session of agent1 after the first test."""
    async with new_profile(locale="en-GB", reduced_motion="reduce") as context:
        yield context


async def end_work(running: System) -> None:
    """End what tests before have left: discard drafts, complete mails. Tests count both."""
    async with rest_client(running, "agent1") as client:

        async def has_none() -> bool:
            listed = (await client.get("/me/interactions?fields=*")).json()["interactions"]
            left = [one for one in listed if one["state"] in _ENDED_BY]
            for one in left:
                # Its operation of a moment ago may be under way.
                await client.client.post(
                    f"/api/v2/me/interactions/{one['id']}",
                    json={"operationName": _ENDED_BY[one["state"]]},
                    headers={"Prefer": "wait=5"},
                )
            return not left

        assert await until(has_none, seconds=30)


@pytest.fixture
async def desk(browser: BrowserContext, running: System) -> AsyncIterator[AgentPage]:
    """The desktop of agent1, who is ready and holds nothing.

    It reported no error when the test has ended.
    """
    await end_work(running)
    desk = await open_desktop(browser, running.gateway_url)
    await desk.log_in("agent1")
    await desk.choose_state("Ready")
    yield desk
    # Not by the page: a test that failed with a dialog open would take the next ones along.
    async with rest_client(running, "agent1") as client:
        await client.set_channel("NotReady")
    await desk.page.close()
    assert desk.faults == []
