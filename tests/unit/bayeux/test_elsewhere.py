"""Which requests are answered by another process, and what becomes of them."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable

import pytest

from services.gateway.bayeux import Answer, Request
from tests.unit.bayeux.desk import Desk

FOREIGN = "b" * 48
TOLD = Answer(200, b'["from there"]')


class There:
    """Another process; what it is asked is in `asked`."""

    name = "aaaaaaaa"

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes]] = []
        self.answers: Callable[[], Awaitable[Answer | None]] = self._tell

    async def answer(self, session_id: str, request: Request) -> Answer | None:
        self.asked.append((session_id, request.body))
        return await self.answers()

    async def _tell(self) -> Answer | None:
        return TOLD


@pytest.fixture
def there() -> There:
    return There()


@pytest.fixture
async def desk(there: There) -> Desk:
    return Desk(elsewhere=there)


async def test_the_ids_of_sessions_say_where_they_are(desk: Desk) -> None:
    assert re.fullmatch(r"a{8}[0-9a-f]{40}", await desk.handshake())


async def test_what_is_about_a_session_of_another_process_is_answered_from_there(
    desk: Desk,
    there: There,
) -> None:
    replies = await desk.ask(
        {"channel": "/meta/subscribe", "clientId": FOREIGN},
        {"channel": "/meta/connect", "clientId": FOREIGN},
    )

    assert replies == ["from there"]
    [(session_id, body)] = there.asked
    assert session_id == FOREIGN
    assert [one["channel"] for one in json.loads(body)] == ["/meta/subscribe", "/meta/connect"]


async def test_what_is_about_no_single_session_is_answered_here(desk: Desk, there: There) -> None:
    own = await desk.handshake()
    for named in (own, None, 7, ""):
        await desk.ask({"channel": "/meta/connect", "clientId": named, "advice": {"timeout": 0}})
    mixed = await desk.ask(
        {"channel": "/meta/connect", "clientId": FOREIGN},
        {"channel": "/meta/connect", "clientId": own},
    )
    await desk.ask({"channel": "/meta/handshake", "clientId": FOREIGN})

    assert [reply["successful"] for reply in mixed] == [False, True]
    assert [asked for asked in there.asked if asked[0]] == []


async def test_where_nobody_answers_the_session_is_unknown(desk: Desk, there: There) -> None:
    async def fails() -> Answer | None:
        raise ConnectionError("no pod")

    async def knows_nothing() -> Answer | None:
        return None

    for answers in (fails, knows_nothing):
        there.answers = answers
        [reply] = await desk.ask({"channel": "/meta/connect", "clientId": FOREIGN})

        assert reply["error"] == "402::session_unknown"
        assert reply["advice"]["reconnect"] == "handshake"


async def test_nobody_is_waited_for_once_the_client_has_gone(desk: Desk, there: There) -> None:
    asked, given_up = asyncio.Event(), asyncio.Event()

    async def waits() -> Answer | None:
        asked.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            given_up.set()
        return None

    there.answers = waits
    desk.send({"channel": "/meta/connect", "clientId": FOREIGN})
    await asked.wait()

    desk.connection.connection_lost(None)

    async with asyncio.timeout(10):
        await given_up.wait()
    assert desk.transport.take() == ""


async def test_a_head_that_is_known_here_does_not_keep_a_foreign_session_here(
    desk: Desk,
) -> None:
    own = await desk.handshake()
    connect = {"channel": "/meta/connect", "advice": {"timeout": 0}}
    for _ in range(2):
        await desk.ask(connect | {"clientId": own})

    replies = await desk.ask(connect | {"clientId": FOREIGN})

    assert replies == ["from there"]


async def test_a_connect_that_waits_elsewhere_ends_when_this_process_stops(
    desk: Desk, there: There
) -> None:
    asked = asyncio.Event()

    async def waits() -> Answer | None:
        asked.set()
        await asyncio.get_running_loop().create_future()
        return None

    there.answers = waits
    desk.send({"channel": "/meta/connect", "clientId": FOREIGN, "id": "7"})
    await asked.wait()

    await desk.bayeux.drain()
    await desk.transport.something_written.wait()
    head, _, body = desk.transport.take().partition("\r\n\r\n")

    [reply] = json.loads(body)
    assert reply["advice"].pop("interval") >= 0
    assert reply == {
        "channel": "/meta/connect",
        "id": "7",
        "clientId": FOREIGN,
        "successful": True,
        "advice": {"reconnect": "retry", "timeout": 30_000},
    }
    assert "connection: close" in head
    assert desk.transport.is_closed


async def test_a_process_that_stops_asks_no_other_for_connects(desk: Desk, there: There) -> None:
    await desk.bayeux.drain()

    [reply] = await desk.ask({"channel": "/meta/connect", "clientId": FOREIGN})

    assert reply["successful"]
    assert reply["advice"]["reconnect"] == "retry"
    assert there.asked == []
