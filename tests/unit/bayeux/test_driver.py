"""The driver's calls to its listener."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from services.gateway.notifications.topics import INTERACTIONS, WORKBINS, own_topics_only
from shared.bayeux import BayeuxSettings, JournalEvent, Page, Route
from shared.bayeux.driver import BayeuxDriver
from shared.bayeux.messages.message import Message
from shared.bayeux.sessions.session import Transport
from shared.domain.journal_positions import Span
from tests.unit.bayeux.world import FakePeer


class Diary:
    """A listener that writes down what it is told."""

    def __init__(self, *, fails: bool = False) -> None:
        self.entries: list[tuple[object, ...]] = []
        self.fails = fails

    def on_first_subscription(self, user_id: str) -> None:
        self.entries.append(("first", user_id))

    def on_last_unsubscription(self, user_id: str) -> None:
        self.entries.append(("last", user_id))

    async def on_subscribed(self, user_id: str, route: Route, session_id: str) -> None:
        self.entries.append(("subscribed", user_id, route, session_id))
        if self.fails:
            raise ConnectionError("no broker")

    async def span(self, user_id: str) -> Span:
        self.entries.append(("span", user_id))
        return Span(oldest=1, newest=2)

    async def replay(self, user_id: str, after: int) -> Page:
        self.entries.append(("replay", user_id, after))
        return Page([JournalEvent(after + 1, INTERACTIONS, f"event {after + 1}")], after + 1)


class Desk:
    """A client of an engine."""

    def __init__(
        self,
        driver: BayeuxDriver,
        transport: Transport = Transport.WEBSOCKET,
        *,
        user: str = "anna",
    ) -> None:
        self.driver = driver
        self.peer = FakePeer(user, transport, "browser01")
        self.client_id = ""

    async def send(self, channel: str, **fields: Any) -> Sequence[bytes]:
        message = Message({"channel": channel, "clientId": self.client_id} | fields)
        outcome = await self.driver.prepare([message], self.peer)
        return outcome.texts

    def publish(self, number: int) -> None:
        self.driver.publish("anna", INTERACTIONS, number, None)

    async def join(self) -> None:
        types = ["websocket"]
        [reply] = await self.send("/meta/handshake", version="1.0", supportedConnectionTypes=types)
        self.client_id = json.loads(reply)["clientId"]


async def test_listener_is_awaited_before_the_subscribe_reply() -> None:
    diary = Diary()
    desk = Desk(BayeuxDriver(BayeuxSettings(), own_topics_only, diary))
    await desk.join()

    await desk.send("/meta/subscribe", subscription="/me/interactions")
    await desk.send("/meta/disconnect")

    assert diary.entries == [
        ("first", "anna"),
        ("subscribed", "anna", Route(INTERACTIONS, "/me/interactions"), desk.client_id),
        ("last", "anna"),
    ]


async def test_failing_listener_leaves_the_subscription() -> None:
    desk = Desk(BayeuxDriver(BayeuxSettings(), own_topics_only, Diary(fails=True)))
    await desk.join()

    [reply] = await desk.send("/meta/subscribe", subscription="/me/interactions")

    assert b'"successful":true' in reply


class SlowDiary(Diary):
    """A listener whose `on_subscribed` waits until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.is_asked = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.is_over = asyncio.Event()

    async def on_subscribed(self, user_id: str, route: Route, session_id: str) -> None:
        await super().on_subscribed(user_id, route, session_id)
        self.is_asked.set()
        await self.may_go_on.wait()
        if route.topic == WORKBINS:
            self.is_over.set()


async def test_all_subscriptions_of_a_request_wait_no_longer_than_one() -> None:
    diary = SlowDiary()
    settings = BayeuxSettings(introduction=timedelta(milliseconds=1))
    desk = Desk(BayeuxDriver(settings, own_topics_only, diary))
    await desk.join()
    topics = ["/me/interactions", "/me/channels", "/me/workbins"]

    [reply] = await desk.send("/meta/subscribe", subscription=topics)
    introduced = len(diary.entries) - 1
    diary.may_go_on.set()
    async with asyncio.timeout(10):
        await diary.is_over.wait()

    assert b'"successful":true' in reply
    assert introduced == 1
    assert len(diary.entries) - 1 == len(topics)


@pytest.mark.parametrize("transport", [Transport.WEBSOCKET, Transport.LONG_POLLING])
async def test_who_goes_while_being_introduced_takes_no_events_along(transport: Transport) -> None:
    diary = SlowDiary()
    desk = Desk(BayeuxDriver(BayeuxSettings(), own_topics_only, diary), transport)
    await desk.join()
    await desk.send("/meta/connect", advice={"timeout": 0})
    subscribing = asyncio.create_task(
        desk.send("/meta/subscribe", subscription=["/me/interactions", "/me/workbins"])
    )
    await diary.is_asked.wait()

    desk.publish(1)
    desk.peer.is_there = False
    diary.may_go_on.set()
    texts = await subscribing
    desk.driver.detach(desk.peer)
    desk.peer = FakePeer("anna", transport, "browser01")
    event, _ = await desk.send("/meta/connect")

    assert texts == []
    assert json.loads(event)["data"] == 1


@pytest.mark.parametrize("also_connects", [False, True])
@pytest.mark.parametrize("transport", [Transport.WEBSOCKET, Transport.LONG_POLLING])
async def test_slow_client_that_subscribes_again_gets_events_in_order(
    transport: Transport, also_connects: bool
) -> None:
    diary = SlowDiary()
    desk = Desk(BayeuxDriver(BayeuxSettings(), own_topics_only, diary), transport)
    await desk.join()
    diary.may_go_on.set()
    await desk.send("/meta/subscribe", subscription="/me/interactions")
    diary.may_go_on.clear()
    diary.is_asked.clear()
    desk.publish(1)

    fields = {"clientId": desk.client_id}
    second = Message({"channel": "/meta/subscribe", "subscription": "/me/channels"} | fields)
    connect = Message({"channel": "/meta/connect", "connectionType": transport} | fields)
    batch = [second, connect] if also_connects else [second]
    subscribing = asyncio.create_task(desk.driver.prepare(batch, desk.peer))
    await diary.is_asked.wait()
    desk.publish(2)
    meanwhile = list(desk.driver.collect(desk.peer))
    if transport is Transport.LONG_POLLING:
        another = desk.driver.dispatch(
            [Message({"channel": "/service/x"} | fields)],
            FakePeer("anna", transport, "browser01"),
        )
        meanwhile += another.texts
    diary.may_go_on.set()
    outcome = await subscribing

    told = [json.loads(text) for text in [*meanwhile, *outcome.texts]]
    assert [one["data"] for one in told if "data" in one] == [1, 2]


@pytest.mark.parametrize("timestamps", [True, False])
async def test_events_with_timestamps_on_carry_their_time(
    timestamps: bool,
) -> None:
    desk = Desk(BayeuxDriver(BayeuxSettings(timestamps=timestamps), own_topics_only, Diary()))
    await desk.join()
    await desk.send("/meta/subscribe", subscription=INTERACTIONS)

    desk.publish(1)

    [event] = map(json.loads, desk.driver.collect(desk.peer))
    assert event["data"] == 1
    assert ("timestamp" in event) is timestamps


async def test_who_is_released_comes_back_at_a_moment_of_its_own() -> None:
    settings = BayeuxSettings(drain_spread=timedelta(seconds=8))
    driver = BayeuxDriver(settings, own_topics_only, Diary())
    herd = [Desk(driver, user=f"agent{number}") for number in range(200)]
    for desk in herd:
        await desk.join()
        await desk.send("/meta/connect")
        await desk.send("/meta/connect", advice={"timeout": 30_000})

    driver.release_all()
    replies = [json.loads(text) for desk in herd for text in driver.collect(desk.peer)]

    intervals = [reply["advice"]["interval"] for reply in replies]
    assert len(intervals) == len(herd)
    assert len(set(intervals)) > 150
    assert 0 <= min(intervals) < 1000
    assert 7000 < max(intervals) <= 8000
