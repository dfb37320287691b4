"""Bayeux over HTTP, as any client on the network sees it."""

import asyncio
import base64
import json
from contextlib import AsyncExitStack
from urllib.parse import urlencode

import pytest

from tests.connected.bayeux.running_lab import RunningLab, running_lab
from tests.support.bayeux_client import INTERACTIONS


@pytest.mark.parametrize("base", ["/cometd", "/genesys/cometd", "/api/v2/notifications"])
@pytest.mark.parametrize("below", ["", "/", "/handshake", "/any/thing"])
async def test_every_path_below_every_base_is_served(
    lab: RunningLab, base: str, below: str
) -> None:
    async with lab.polling(path=f"{base}{below}") as client:
        reply = await client.handshake()

    assert reply["successful"] is True


async def test_other_paths_are_not(lab: RunningLab) -> None:
    async with lab.polling(path="/cometdx") as client:
        answer = await client.post(client.message("/meta/handshake"))

    assert answer.status_code == 404


async def test_an_event_ends_the_wait(lab: RunningLab) -> None:
    async with lab.polling("8") as client:
        await client.join()

        waiting = asyncio.create_task(client.ask("/meta/connect"))
        await lab.publish("8", {"state": "Invited", "subject": "Grüße"})

        event, reply = await waiting
        assert event == {
            "channel": INTERACTIONS,
            "data": {"state": "Invited", "subject": "Grüße"},
        }
        assert reply["channel"] == "/meta/connect"


async def test_the_deadline_ends_the_wait(lab: RunningLab) -> None:
    async with lab.polling() as client:
        await client.join()

        started = asyncio.get_running_loop().time()
        replies = await client.ask("/meta/connect")

        assert [reply["channel"] for reply in replies] == ["/meta/connect"]
        assert asyncio.get_running_loop().time() - started >= 0.35


async def test_events_are_delivered_in_order_and_once(lab: RunningLab) -> None:
    async with lab.polling("9") as client:
        await client.join()
        got: list[int] = []

        publishing = asyncio.create_task(_publish_numbers(lab, "9", 100))
        while len(got) < 100:
            got += [reply["data"] for reply in await client.ask("/meta/connect") if "data" in reply]
        await publishing

        assert got == list(range(100))


async def test_agents_hear_only_their_own_events(lab: RunningLab) -> None:
    async with lab.polling("10") as anna, lab.polling("11") as bert:
        await anna.join()
        await bert.join()

        await lab.publish("10", "for 10")
        await lab.publish("*", "for all")

        assert [m["data"] for m in (await anna.ask("/meta/connect"))[:-1]] == ["for 10", "for all"]
        assert [m["data"] for m in (await bert.ask("/meta/connect"))[:-1]] == ["for all"]


async def test_a_newer_connect_ends_the_older_with_an_error_status(lab: RunningLab) -> None:
    async with lab.polling("12") as client:
        await client.join()

        older = asyncio.create_task(client.post(client.message("/meta/connect")))
        await lab.holds(1)
        newer = await client.post(client.message("/meta/connect"))

        assert (await older).status_code == 500
        assert newer.status_code == 200


async def test_an_aborted_poll_leaves_its_events_for_the_next() -> None:
    async with running_lab(TIMEOUT_MS="60000") as lab, lab.polling() as client:
        await client.join()
        poll = asyncio.create_task(client.post(client.message("/meta/connect")))
        await lab.holds(1)

        poll.cancel()
        await lab.holds(0)
        await lab.publish("7", "kept")
        replies = await client.ask("/meta/connect", advice={"timeout": 0})

        assert replies[0]["data"] == "kept"


async def test_a_handshake_leaves_a_cookie_once(lab: RunningLab) -> None:
    async with lab.polling() as client:
        greeting = {"version": "1.0", "supportedConnectionTypes": ["long-polling"]}

        first = await client.post(client.message("/meta/handshake", **greeting))
        second = await client.post(client.message("/meta/handshake", **greeting))

        assert "BAYEUX_BROWSER=" in first.headers["set-cookie"]
        assert "HttpOnly" in first.headers["set-cookie"]
        assert "set-cookie" not in second.headers


async def test_a_client_that_loses_its_cookie_loses_its_session(lab: RunningLab) -> None:
    async with lab.polling() as client:
        await client.join()
        client.http.cookies.clear()

        [reply] = await client.ask("/meta/connect")

        assert reply["error"] == "402::session_unknown"
        assert reply["advice"]["reconnect"] == "handshake"


async def test_poll_without_login_is_refused(lab: RunningLab) -> None:
    async with lab.polling() as client:
        del client.http.headers["Authorization"]

        answer = await client.post(client.message("/meta/handshake"))

        assert answer.status_code == 401
        assert answer.json()["statusCode"] == 20


async def test_basic_authentication_is_as_good(lab: RunningLab) -> None:
    async with lab.polling() as client:
        token = base64.b64encode(b"agent-7:agent-7").decode()
        client.http.headers["Authorization"] = f"Basic {token}"

        assert (await client.handshake())["successful"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"[NaN]", "application/json", 400),
        (b"[" * 4000, "application/json", 400),
        (b'[{"channel":"/meta/handshake"}]', "text/plain", 415),
        (b'[{"channel":"/meta/handshake"}]', "text/plain;charset=UTF-8", 415),
        (b'[{"channel":"/meta/handshake"}]', "application/json;charset=UTF-8", 200),
        (b"[" + b" " * 5000 + b"]", "application/json", 413),
        (b"other=1", "application/x-www-form-urlencoded", 400),
    ],
)
async def test_only_proper_requests_are_read(
    lab: RunningLab, body: bytes, kind: str, status: int
) -> None:
    async with lab.polling() as client:
        answer = await client.http.post(client.path, content=body, headers={"Content-Type": kind})

        assert answer.status_code == status


async def test_messages_may_come_as_a_form(lab: RunningLab) -> None:
    async with lab.polling() as client:
        await client.join()
        messages = [client.message("/meta/subscribe", subscription="/me/workbins")] * 2
        form = urlencode([("message", json.dumps(message)) for message in messages])

        answer = await client.http.post(
            client.path,
            content=form,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )

        assert [reply["successful"] for reply in answer.json()] == [True, True]


async def test_other_methods_are_refused(lab: RunningLab) -> None:
    async with lab.polling() as client:
        answer = await client.http.get(client.path)

        assert answer.status_code == 405
        assert answer.headers["allow"] == "POST, OPTIONS"


async def test_a_revoked_login_ends_the_wait_for_good() -> None:
    async with running_lab(TIMEOUT_MS="60000") as lab, lab.polling() as client:
        await client.join()
        waiting = asyncio.create_task(client.ask("/meta/connect"))
        await lab.holds(1)

        await lab.revoke("7")

        [reply] = await waiting
        assert reply["error"] == "401::login_revoked"
        assert reply["advice"]["reconnect"] == "none"


async def test_a_stopping_server_releases_every_wait() -> None:
    async with running_lab(TIMEOUT_MS="60000") as lab, lab.polling() as client:
        await client.join()
        waiting = asyncio.create_task(client.ask("/meta/connect", advice={"timeout": 60_000}))
        await lab.holds(1)

        await lab.stop()

        [reply] = await waiting
        assert reply["successful"] is True
        assert reply["advice"]["reconnect"] == "retry"
        assert 0 <= reply["advice"]["interval"] <= 5000


async def test_clients_of_a_stopping_server_get_different_intervals() -> None:
    environment = {"TIMEOUT_MS": "60000", "DRAIN_SPREAD_MS": "8000"}
    async with running_lab(**environment) as lab, AsyncExitStack() as stack:
        herd = [await stack.enter_async_context(lab.polling(str(number))) for number in range(20)]
        await asyncio.gather(*(client.join() for client in herd))
        waiting = [
            asyncio.create_task(client.ask("/meta/connect", advice={"timeout": 60_000}))
            for client in herd
        ]
        await lab.holds(20)

        await lab.stop()

        replies = [reply for [reply] in await asyncio.gather(*waiting)]
        intervals = [reply["advice"]["interval"] for reply in replies]
        assert all(reply["successful"] for reply in replies)
        assert len(set(intervals)) > 15
        assert 0 <= min(intervals) < max(intervals) - 2000
        assert max(intervals) <= 8000


async def _publish_numbers(lab: RunningLab, agent: str, until: int) -> None:
    for number in range(until):
        await lab.publish(agent, number)
