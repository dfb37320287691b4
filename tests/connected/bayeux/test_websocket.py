"""Bayeux over a websocket, as any client on the network sees it."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.connected.bayeux.running_lab import RunningLab, running_lab


async def test_events_come_at_once_and_the_connect_goes_on_waiting(lab: RunningLab) -> None:
    async with lab.socket("20") as client:
        await client.join()
        await client.send("/meta/connect")

        await lab.publish("20", 1)
        first = await client.receive()
        later = await client.receive()

        assert first == [{"channel": "/v2/me/interactions", "data": 1}]
        assert [reply["channel"] for reply in later] == ["/meta/connect"]


async def test_events_with_ack_share_a_frame_with_the_connect_reply(
    lab: RunningLab,
) -> None:
    async with lab.socket("21") as client:
        await client.join(ext={"ack": True})
        await client.send("/meta/connect", ext={"ack": 1})

        await lab.publish("21", 1)
        event, reply = await client.receive()

        assert event["data"] == 1
        assert reply["ext"]["ack"] == 2


async def test_a_new_socket_goes_on_where_the_old_one_was_cut(lab: RunningLab) -> None:
    async with lab.socket("22") as old:
        await old.join(ext={"ack": True})
        await old.send("/meta/connect", ext={"ack": 1})
        await lab.publish("22", "unconfirmed")
        await old.receive()

    async with lab.socket("22") as new:
        new.session = old.session
        replies = await new.ask("/meta/connect", ext={"ack": 1}, advice={"timeout": 0})

        assert replies[0]["data"] == "unconfirmed"


async def test_events_arrive_in_order_however_fast_they_come(lab: RunningLab) -> None:
    async with lab.socket("23") as client:
        await client.join()
        for number in range(200):
            await lab.publish("23", number)

        got: list[int] = []
        while len(got) < 200:
            got += [message["data"] for message in await client.receive()]

        assert got == list(range(200))


async def test_newer_connect_replaces_older_without_a_reply() -> None:
    async with running_lab(TIMEOUT_MS="60000") as lab, lab.socket() as client:
        await client.join()
        await client.send("/meta/connect", id="older")
        await lab.holds(1)

        answered = await client.ask("/meta/connect", id="newer", advice={"timeout": 100})
        [next_reply] = await client.ask("/meta/subscribe", subscription="/me/workbins")

        assert [(one["id"], one["successful"]) for one in answered] == [("newer", True)]
        assert next_reply["channel"] == "/meta/subscribe"
        assert await lab.metric("bayeux_superseded_total") == 1
        assert await lab.metric("bayeux_held_connects") == 0


async def test_events_with_ack_leave_with_the_newer_of_two_connects() -> None:
    async with running_lab(TIMEOUT_MS="60000") as lab, lab.socket() as client:
        await client.join(ext={"ack": True})

        await client.send("/meta/connect", id="older", ext={"ack": 1})
        await client.send("/meta/connect", id="newer", ext={"ack": 1})
        await lab.reaches("bayeux_superseded_total", 1)
        await lab.publish("7", "once")
        event, reply = await client.receive()
        again = await client.ask("/meta/connect", ext={"ack": 2}, advice={"timeout": 0})

        assert (event["data"], reply["id"]) == ("once", "newer")
        assert [one["channel"] for one in again] == ["/meta/connect"]


@pytest.mark.parametrize(
    ("sent", "code"),
    [("{", 1011), ("[]", 1011), (b"[]", 1003), ("[" + " " * 5000 + "]", 1009)],
)
async def test_malformed_request_closes_the_socket(
    lab: RunningLab, sent: str | bytes, code: int
) -> None:
    async with lab.socket() as client:
        await client.socket.send(sent)

        with pytest.raises(ConnectionClosed):
            await client.receive()

        assert client.socket.close_code == code


async def test_socket_without_login_is_refused(lab: RunningLab) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with lab.socket(Authorization="Bearer nobody"):
            pass

    assert refused.value.response.status_code == 401


async def test_a_revoked_login_closes_the_socket_after_the_last_word() -> None:
    async with running_lab(TIMEOUT_MS="60000") as lab, lab.socket() as client:
        await client.join()
        await client.send("/meta/connect")
        await lab.holds(1)

        await lab.revoke("7")
        [reply] = await client.receive()
        with pytest.raises(ConnectionClosed):
            await client.receive()

        assert reply["error"] == "401::login_revoked"
        assert reply["advice"]["reconnect"] == "none"
        assert client.socket.close_code == 1008


async def test_a_stopping_server_releases_and_then_closes_with_1001() -> None:
    async with running_lab(TIMEOUT_MS="60000") as lab, lab.socket() as client:
        await client.join()
        await client.send("/meta/connect", advice={"timeout": 60_000})
        await lab.holds(1)

        stopping = asyncio.create_task(lab.stop())
        [reply] = await client.receive()
        with pytest.raises(ConnectionClosed):
            await client.receive()
        await stopping

        assert reply["advice"]["reconnect"] == "retry"
        assert client.socket.close_code == 1001


async def test_sockets_of_a_stopping_server_get_different_intervals() -> None:
    environment = {"TIMEOUT_MS": "60000", "DRAIN_SPREAD_MS": "8000"}
    async with running_lab(**environment) as lab, AsyncExitStack() as stack:
        herd = [await stack.enter_async_context(lab.socket(str(number))) for number in range(20)]
        for client in herd:
            await client.join()
            await client.send("/meta/connect", advice={"timeout": 60_000})
        await lab.holds(20)

        stopping = asyncio.create_task(lab.stop())
        replies = [reply for [reply] in [await client.receive() for client in herd]]
        await stopping

        intervals = [reply["advice"]["interval"] for reply in replies]
        assert all(reply["successful"] for reply in replies)
        assert len(set(intervals)) > 15
        assert 0 <= min(intervals) < max(intervals) - 2000
        assert max(intervals) <= 8000


async def test_a_client_that_falls_behind_is_told_to_start_anew() -> None:
    environment = {"TIMEOUT_MS": "60000", "MAX_QUEUED_EVENTS": "50"}
    async with running_lab(**environment) as lab, lab.socket() as client:
        await client.join(ext={"ack": True})

        for number in range(51):
            await lab.publish("7", number)
        [reply] = await client.ask("/meta/connect", ext={"ack": 1})

        assert reply["error"] == "402::session_unknown"
        assert reply["advice"]["reconnect"] == "handshake"
        assert await lab.metric("bayeux_overflows_total") == 1


async def test_a_reader_that_stops_reading_costs_a_bounded_queue() -> None:
    environment = {"TIMEOUT_MS": "60000", "MAX_QUEUED_EVENTS": "20"}
    async with running_lab(**environment) as lab, lab.socket() as client:
        await client.join()
        await client.send("/meta/connect")
        await lab.holds(1)
        client.socket.transport.pause_reading()

        while await lab.metric("bayeux_overflows_total") == 0:
            await lab.publish("7", "x" * 100_000)
        client.socket.transport.resume_reading()
        while (replies := await client.receive())[-1]["channel"] != "/meta/connect":
            pass

        assert replies[-1]["error"] == "402::queue_overflow"
        assert replies[-1]["advice"]["reconnect"] == "handshake"


async def test_sessions_are_counted_by_transport() -> None:
    async with running_lab() as lab, lab.socket() as client:
        await client.join()

        counted = 'bayeux_sessions{{state="between",transport="{}"}}'
        assert await lab.metric(counted.format("websocket")) == 1
        assert await lab.metric(counted.format("long-polling")) == 0
