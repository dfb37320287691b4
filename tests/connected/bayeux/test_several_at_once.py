"""Several tabs of one browser, several sockets of one user, and what is counted of them."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from websockets.exceptions import ConnectionClosed

from tests.connected.bayeux.running_lab import running_lab


async def test_a_second_tab_is_told_to_poll_and_still_hears_everything() -> None:
    async with running_lab(TIMEOUT_MS="60000") as lab, lab.polling() as one, lab.polling() as two:
        await one.join()
        two.http.cookies.update(one.http.cookies)
        await two.join()
        waiting = asyncio.create_task(one.ask("/meta/connect"))
        await lab.holds(1)

        [told] = await two.ask("/meta/connect")
        await lab.publish("7", "for both")
        heard = await two.ask("/meta/connect")

        assert told["advice"]["multiple-clients"] is True
        assert told["advice"]["interval"] == 2000
        assert heard[0]["data"] == (await waiting)[0]["data"] == "for both"


async def test_oldest_of_too_many_idle_sockets_is_closed() -> None:
    async with running_lab(MAX_IDLE_SOCKETS_PER_USER="2") as lab, AsyncExitStack() as stack:
        busy = await stack.enter_async_context(lab.socket())
        await busy.join()
        idle = [await stack.enter_async_context(lab.socket()) for _ in range(3)]

        with pytest.raises(ConnectionClosed):
            await idle[0].receive()
        await idle[2].join()
        await busy.ask("/meta/subscribe", subscription="/me/workbins")

        assert idle[0].socket.close_code == 1008


async def test_as_many_sockets_as_may_say_nothing_stay_open() -> None:
    async with running_lab(MAX_IDLE_SOCKETS_PER_USER="4") as lab, AsyncExitStack() as stack:
        idle = [await stack.enter_async_context(lab.socket()) for _ in range(4)]

        for one in idle:
            await one.join()


async def test_simultaneous_sockets_beyond_the_limit_are_closed() -> None:
    async with running_lab(MAX_IDLE_SOCKETS_PER_USER="2") as lab, AsyncExitStack() as stack:
        idle = [await stack.enter_async_context(lab.socket()) for _ in range(12)]

        for one in idle[:10]:
            with pytest.raises(ConnectionClosed):
                await one.receive()
        for one in idle[10:]:
            await one.join()


async def test_sockets_of_others_do_not_count() -> None:
    async with (
        running_lab(MAX_IDLE_SOCKETS_PER_USER="1") as lab,
        lab.socket("8") as one,
        lab.socket("9") as other,
    ):
        await other.join()
        await one.join()

        assert one.client_id != other.client_id


async def test_compression_is_agreed_on_only_where_it_is_switched_on() -> None:
    async with (
        running_lab() as plain,
        running_lab(DEFLATE="1") as deflating,
        plain.socket() as one,
        deflating.socket() as other,
    ):
        await other.join()
        await deflating.publish("7", "x" * 10_000)
        [event] = await other.receive()

        agreed = [kind.name for kind in other.socket.protocol.extensions]
        assert one.socket.protocol.extensions == []
        assert agreed == ["permessage-deflate"]
        assert event["data"] == "x" * 10_000


async def test_faults_are_counted() -> None:
    environment = {"TIMEOUT_MS": "60000", "MAX_INTERVAL_MS": "1000", "SWEEP_PERIOD_MS": "20"}
    async with (
        running_lab(**environment) as lab,
        lab.polling() as lost,
        lab.socket() as client,
    ):
        await lost.ask("/meta/connect")
        await lost.handshake()
        await client.join(ext={"ack": True})
        await lab.publish("7", "twice")
        await client.ask("/meta/connect", ext={"ack": 1})
        await client.ask("/meta/connect", ext={"ack": 1}, advice={"timeout": 0})
        await client.send("/meta/connect", ext={"ack": 3})
        async with asyncio.timeout(15):
            while not await lab.metric("bayeux_expired_total"):
                pass

        waits = 'bayeux_sessions{state="waiting",transport="websocket"}'
        assert await lab.metric(waits) == 1
        assert await lab.metric("bayeux_unknown_sessions_total") == 1
        assert await lab.metric("bayeux_redelivered_total") == 1
        assert await lab.metric("bayeux_queued_events") == 0


async def test_waiting_events_are_counted_in_all_and_in_fullest_queue() -> None:
    async with (
        running_lab() as lab,
        lab.polling("8") as one,
        lab.polling("9") as other,
        lab.polling("10") as idle,
    ):
        for client in (one, other, idle):
            await client.join()

        for number in range(3):
            await lab.publish("8", number)
        for number in range(2):
            await lab.publish("9", number)
        waiting = await lab.metric("bayeux_queued_events")
        longest = await lab.metric("bayeux_longest_queue_events")
        await one.ask("/meta/connect")

        assert (waiting, longest) == (5, 3)
        assert await lab.metric("bayeux_queued_events") == 2
        assert await lab.metric("bayeux_longest_queue_events") == 2


async def test_events_are_counted_as_waiting_until_they_are_confirmed() -> None:
    async with running_lab() as lab, lab.polling() as client:
        await client.join(ext={"ack": True})
        await lab.publish("7", "once")

        await client.ask("/meta/connect", ext={"ack": 1})
        unconfirmed = await lab.metric("bayeux_queued_events")
        await client.ask("/meta/connect", ext={"ack": 2}, advice={"timeout": 0})

        assert unconfirmed == 1
        assert await lab.metric("bayeux_queued_events") == 0


async def test_the_time_from_publishing_to_writing_is_measured() -> None:
    async with running_lab(TIMEOUT_MS="60000") as lab, lab.socket() as client:
        await client.join()

        await lab.publish("7", "quick")
        await client.receive()

        name = "bayeux_publish_to_write_seconds"
        assert await lab.metric(f'{name}_bucket{{le="10.0"}}') == 1
        assert await lab.metric(f"{name}_count") == 1
