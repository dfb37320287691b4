"""The driver's calls to its listener."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from services.gateway.notifications.topics import INTERACTIONS, WORKBINS, own_topics_only
from shared.bayeux import BayeuxSettings, JournalEvent, Page, Route
from shared.bayeux.driver import BayeuxDriver
from shared.bayeux.ext.offered import offered_extensions
from shared.bayeux.messages.message import Message
from shared.bayeux.sessions.session import Transport
from shared.domain.journal_positions import Span
from tests.support.bayeux_client import BayeuxClient, Replies
from tests.unit.bayeux.protocol_harness import FakePeer


class RecordingListener:
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


class DriverClient(BayeuxClient):
    """A client of a driver, without a transport between them."""

    def __init__(
        self,
        driver: BayeuxDriver,
        transport: Transport = Transport.WEBSOCKET,
        *,
        user: str = "anna",
    ) -> None:
        super().__init__()
        self.driver = driver
        self.peer = FakePeer(user, transport, "browser01")

    async def exchange(self, *messages: dict[str, Any]) -> Replies:
        outcome = await self.driver.prepare([Message(one) for one in messages], self.peer)
        return [json.loads(text) for text in outcome.texts]

    def publish(self, number: int) -> None:
        self.driver.publish("anna", INTERACTIONS, number, None)


async def test_listener_is_awaited_before_the_subscribe_reply() -> None:
    listener = RecordingListener()
    client = DriverClient(
        BayeuxDriver(BayeuxSettings(), own_topics_only, listener, offered_extensions)
    )
    await client.handshake()

    await client.ask("/meta/subscribe", subscription="/me/interactions")
    await client.ask("/meta/disconnect")

    assert listener.entries == [
        ("first", "anna"),
        ("subscribed", "anna", Route(INTERACTIONS, "/me/interactions"), client.client_id),
        ("last", "anna"),
    ]


async def test_failing_listener_leaves_the_subscription() -> None:
    client = DriverClient(
        BayeuxDriver(
            BayeuxSettings(), own_topics_only, RecordingListener(fails=True), offered_extensions
        )
    )
    await client.handshake()

    [reply] = await client.ask("/meta/subscribe", subscription="/me/interactions")

    assert reply["successful"]


class SlowListener(RecordingListener):
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
    listener = SlowListener()
    settings = BayeuxSettings(introduction=timedelta(milliseconds=1))
    client = DriverClient(BayeuxDriver(settings, own_topics_only, listener, offered_extensions))
    await client.handshake()
    topics = ["/me/interactions", "/me/channels", "/me/workbins"]

    [reply] = await client.ask("/meta/subscribe", subscription=topics)
    introduced = len(listener.entries) - 1
    listener.may_go_on.set()
    async with asyncio.timeout(10):
        await listener.is_over.wait()

    assert reply["successful"]
    assert introduced == 1
    assert len(listener.entries) - 1 == len(topics)


@pytest.mark.parametrize("transport", [Transport.WEBSOCKET, Transport.LONG_POLLING])
async def test_client_that_leaves_while_subscribing_takes_no_events(transport: Transport) -> None:
    listener = SlowListener()
    client = DriverClient(
        BayeuxDriver(BayeuxSettings(), own_topics_only, listener, offered_extensions), transport
    )
    await client.handshake()
    await client.ask("/meta/connect", advice={"timeout": 0})
    subscribing = asyncio.create_task(
        client.ask("/meta/subscribe", subscription=["/me/interactions", "/me/workbins"])
    )
    await listener.is_asked.wait()

    client.publish(1)
    client.peer.is_there = False
    listener.may_go_on.set()
    replies = await subscribing
    client.driver.detach(client.peer)
    client.peer = FakePeer("anna", transport, "browser01")
    event, _ = await client.ask("/meta/connect")

    assert replies == []
    assert event["data"] == 1


@pytest.mark.parametrize("also_connects", [False, True])
@pytest.mark.parametrize("transport", [Transport.WEBSOCKET, Transport.LONG_POLLING])
async def test_slow_client_that_subscribes_again_gets_events_in_order(
    transport: Transport, also_connects: bool
) -> None:
    listener = SlowListener()
    client = DriverClient(
        BayeuxDriver(BayeuxSettings(), own_topics_only, listener, offered_extensions), transport
    )
    await client.handshake()
    listener.may_go_on.set()
    await client.ask("/meta/subscribe", subscription="/me/interactions")
    listener.may_go_on.clear()
    listener.is_asked.clear()
    client.publish(1)

    second = client.message("/meta/subscribe", subscription="/me/channels")
    connect = client.message("/meta/connect", connectionType=transport)
    batch = [second, connect] if also_connects else [second]
    subscribing = asyncio.create_task(client.exchange(*batch))
    await listener.is_asked.wait()
    client.publish(2)
    meanwhile = [json.loads(text) for text in client.driver.collect(client.peer)]
    if transport is Transport.LONG_POLLING:
        another = client.driver.dispatch(
            [Message(client.message("/service/x"))],
            FakePeer("anna", transport, "browser01"),
        )
        meanwhile += [json.loads(text) for text in another.texts]
    listener.may_go_on.set()

    told = [*meanwhile, *await subscribing]
    assert [one["data"] for one in told if "data" in one] == [1, 2]


@pytest.mark.parametrize("timestamps", [True, False])
async def test_events_with_timestamps_on_carry_their_time(
    timestamps: bool,
) -> None:
    client = DriverClient(
        BayeuxDriver(
            BayeuxSettings(timestamps=timestamps),
            own_topics_only,
            RecordingListener(),
            offered_extensions,
        )
    )
    await client.handshake()
    await client.ask("/meta/subscribe", subscription=INTERACTIONS)

    client.publish(1)

    [event] = map(json.loads, client.driver.collect(client.peer))
    assert event["data"] == 1
    assert ("timestamp" in event) is timestamps


async def test_released_client_is_advised_a_moment_of_its_own() -> None:
    settings = BayeuxSettings(drain_spread=timedelta(seconds=8))
    driver = BayeuxDriver(settings, own_topics_only, RecordingListener(), offered_extensions)
    herd = [DriverClient(driver, user=f"agent{number}") for number in range(200)]
    for client in herd:
        await client.handshake()
        await client.ask("/meta/connect")
        await client.ask("/meta/connect", advice={"timeout": 30_000})

    driver.release_all()
    replies = [json.loads(text) for client in herd for text in driver.collect(client.peer)]

    intervals = [reply["advice"]["interval"] for reply in replies]
    assert len(intervals) == len(herd)
    assert len(set(intervals)) > 150
    assert 0 <= min(intervals) < 1000
    assert 7000 < max(intervals) <= 8000


class UnsendableListener(RecordingListener):
    """A listener whose journal has an event that is no JSON."""

    async def replay(self, user_id: str, after: int) -> Page:
        del user_id
        return Page([JournalEvent(after + 1, INTERACTIONS, object())], after + 1)


async def test_replay_of_an_unsendable_event_ends_the_session() -> None:
    driver = BayeuxDriver(
        BayeuxSettings(), own_topics_only, UnsendableListener(), offered_extensions
    )
    client = DriverClient(driver)
    await client.handshake()
    await client.ask("/meta/subscribe", subscription=INTERACTIONS, ext={"replay": 1})

    driver.publish_from("anna", 2)
    await asyncio.gather(*driver._tasks, return_exceptions=True)

    [reply] = await client.ask("/meta/connect")
    assert reply["error"].startswith("402")
