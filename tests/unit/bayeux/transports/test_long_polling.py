"""Requests whose clients have disconnected, and answers that pages may read."""

import asyncio

import pytest

from shared.bayeux import Answer, Principal
from shared.bayeux.transports.web import Scope
from tests.bayeux_lab import lab
from tests.unit.bayeux.desk import Desk, Line
from tests.unit.bayeux.wires import whatever_is_due

PAGE = "https://desk.example"


class Guard:
    """Lets clients in while the door is open."""

    def __init__(self) -> None:
        self.door = asyncio.Event()
        self.door.set()

    async def authenticate(self, scope: Scope) -> Principal | Answer:
        await self.door.wait()
        return await lab.authenticate(scope)


async def give_up(line: Line, guard: Guard) -> None:
    """Lose a client that was not let in yet, and let it in."""
    await whatever_is_due()
    line.connection.connection_lost(None)
    guard.door.set()
    await whatever_is_due()


@pytest.mark.parametrize("advice", [{}, {"timeout": 0}])
async def test_connect_aborted_before_admission_takes_no_events(
    advice: dict[str, int],
) -> None:
    guard = Guard()
    desk = Desk(authenticate=guard.authenticate)
    connect = await desk.join()
    guard.door.clear()
    given_up = Line(desk.bayeux)
    given_up.headers["X-First"] = "1"
    given_up.send(connect | {"advice": advice})
    desk.publish("news")

    await give_up(given_up, guard)
    event, _ = await desk.ask(connect)

    assert event["data"] == "news"


async def test_aborted_connect_does_not_replace_the_next() -> None:
    guard = Guard()
    desk = Desk(authenticate=guard.authenticate)
    connect = await desk.join()
    desk.send(connect)
    await whatever_is_due()
    guard.door.clear()
    given_up = Line(desk.bayeux)
    given_up.headers["X-First"] = "1"
    given_up.send(connect)

    await give_up(given_up, guard)
    desk.publish("news")
    head, (event, _) = await desk.read()

    assert head.startswith("HTTP/1.1 200 ")
    assert event["data"] == "news"


async def test_who_says_goodbye_and_goes_is_heard() -> None:
    guard = Guard()
    desk = Desk(authenticate=guard.authenticate)
    connect = await desk.join()
    guard.door.clear()
    desk.send(connect | {"channel": "/meta/disconnect"})

    await give_up(desk, guard)

    assert desk.bayeux.protocol.session(connect["clientId"]) is None


@pytest.mark.parametrize("status", [405, 413, 500])
async def test_a_page_may_read_every_answer(status: int) -> None:
    desk = Desk(max_body_bytes=1000, allowed_origins=frozenset({PAGE}))
    desk.headers["Origin"] = PAGE
    connect = await desk.join()

    if status == 405:
        desk.send(connect, method="PUT")
    elif status == 413:
        desk.send(connect | {"id": "x" * 1000})
    else:
        desk.send(connect)
        newer = Line(desk.bayeux)
        newer.headers["Origin"] = PAGE
        newer.send(connect)

    head, _ = await desk.read()
    assert head.startswith(f"HTTP/1.1 {status} ")
    assert f"access-control-allow-origin: {PAGE}" in head


async def test_where_cookies_come_in_several_fields_each_counts() -> None:
    desk = Desk()
    connect = await desk.join()
    desk.headers["Cookie"] = "a=b\r\nCookie: BAYEUX_BROWSER=0123456789abcdef"

    [reply] = await desk.ask(connect | {"advice": {"timeout": 0}})

    assert reply["successful"]


@pytest.mark.parametrize("channel", ["/meta/subscribe", "/meta/unsubscribe"])
async def test_a_refusal_says_what_it_is_about(channel: str) -> None:
    desk = Desk()

    [reply] = await desk.ask({"channel": channel, "clientId": "x", "subscription": "/me/workbins"})

    assert (reply["error"], reply["subscription"]) == ("402::session_unknown", "/me/workbins")
