"""Bayeux as scripts: off by default, and harmless where it is on."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
import pytest_asyncio

from tests.connected.bayeux.running_lab import RunningLab, running_lab
from tests.support.bayeux_client import Message, PollingClient, Replies


@pytest_asyncio.fixture(scope="module")
async def scripted() -> AsyncIterator[RunningLab]:
    environment = {"JSONP": "1", "TIMEOUT_MS": "400", "ALLOWED_ORIGINS": "https://desk.example"}
    async with running_lab(**environment) as running:
        yield running


class CallbackClient(PollingClient):
    """A client whose requests are scripts of a page."""

    connection_type = "callback-polling"

    async def exchange(self, *messages: Message) -> Replies:
        query = {"jsonp": "cb", "message": json.dumps(messages)}
        answer = await self.http.get(self.path, params=query)
        assert answer.status_code == 200
        replies: Replies = json.loads(answer.text.removeprefix("/**/cb(").removesuffix(");"))
        return replies


@asynccontextmanager
async def callback_client(lab: RunningLab, agent: str) -> AsyncIterator[CallbackClient]:
    """Give a client that has joined."""
    async with lab.polling(agent) as polling:
        yield await CallbackClient(polling.http).join()


async def get(client: PollingClient, query: dict[str, str], **headers: str) -> httpx2.Response:
    return await client.http.get(client.path, params=query, headers=headers)


async def test_it_is_off_by_default(lab: RunningLab) -> None:
    async with lab.polling() as client:
        answer = await get(client, {"jsonp": "cb", "message": "[]"})
        reply = await client.handshake()

        assert answer.status_code == 405
        assert "callback-polling" not in reply["supportedConnectionTypes"]


async def test_where_it_is_on_the_handshake_offers_it(scripted: RunningLab) -> None:
    async with scripted.polling() as client:
        reply = await client.handshake()

        assert reply["supportedConnectionTypes"][-1] == "callback-polling"


async def test_events_come_with_the_answer_to_a_connect_only(scripted: RunningLab) -> None:
    async with callback_client(scripted, "81") as client:
        await scripted.publish("81", "kept for the connect")

        subscribed = await client.ask("/meta/subscribe", subscription="/me/workbins")
        connected = await client.ask("/meta/connect")

        assert [reply["channel"] for reply in subscribed] == ["/meta/subscribe"]
        assert connected[0]["data"] == "kept for the connect"


async def test_a_held_call_is_answered_by_an_event(scripted: RunningLab) -> None:
    async with callback_client(scripted, "82") as client:
        waiting = asyncio.create_task(client.ask("/meta/connect"))
        await scripted.publish("82", "</script>\u2028")

        assert (await waiting)[0]["data"] == "</script>\u2028"


async def test_a_script_can_be_nothing_else(scripted: RunningLab) -> None:
    async with callback_client(scripted, "83") as client:
        await scripted.publish("83", "</script>\u2028\u2029")
        message = json.dumps([client.message("/meta/connect")])

        answer = await get(client, {"jsonp": "cb", "message": message})

        assert answer.text.startswith("/**/cb([")
        assert not set("<\u2028\u2029") & set(answer.text)
        assert answer.headers["content-type"] == "text/javascript;charset=UTF-8"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "attachment" in answer.headers["content-disposition"]


@pytest.mark.parametrize("callback", ["", "alert(1)", "a" * 65, "a b", "ä", "<script>"])
async def test_a_callback_is_a_short_name(scripted: RunningLab, callback: str) -> None:
    async with scripted.polling() as client:
        message = json.dumps([client.message("/meta/connect")])

        answer = await get(client, {"jsonp": callback, "message": message})

        assert answer.status_code == 400


@pytest.mark.parametrize(
    ("site", "referer", "status"),
    [
        ("same-origin", "https://anything.example/", 200),
        ("cross-site", "https://desk.example/page", 200),
        ("cross-site", "https://evil.example/page", 403),
        ("same-site", "", 403),
    ],
)
async def test_only_welcome_pages_may_include_it(
    scripted: RunningLab, site: str, referer: str, status: int
) -> None:
    async with scripted.polling() as client:
        message = json.dumps([client.message("/meta/connect")])
        query = {"jsonp": "cb", "message": message}

        answer = await get(client, query, **{"Sec-Fetch-Site": site, "Referer": referer})

        assert answer.status_code == status
