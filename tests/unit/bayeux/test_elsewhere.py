"""Which requests are answered by another process, and what becomes of them."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from services.gateway.bayeux import Answer
from services.gateway.bayeux.web import Scope
from tests.unit.bayeux.desk import Desk, Socket
from tests.unit.bayeux.wires import whatever_is_due

FOREIGN = "b" * 48
TOLD = Answer(200, b'["from there"]')


class There:
    """Another process; what it is asked is in `asked`."""

    name = "aaaaaaaa"

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes]] = []
        self.answers: Callable[[], Awaitable[Answer | None]] = self._tell

    async def answer(self, session_id: str, scope: Scope, body: bytes) -> Answer | None:
        assert scope["headers"]
        self.asked.append((session_id, body))
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


class Slow(There):
    """Another process that answers when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[asyncio.Future[Answer | None]] = []

    async def answer(self, session_id: str, scope: Scope, body: bytes) -> Answer | None:
        await super().answer(session_id, scope, body)
        self.waiting.append(asyncio.get_running_loop().create_future())
        return await self.waiting[-1]


@pytest.fixture
def slow() -> Slow:
    return Slow()


async def socket_at(there: There, **settings: Any) -> Socket:
    desk = Desk(elsewhere=there, **settings)
    return await opened(desk)


async def opened(desk: Desk) -> Socket:
    socket = Socket(desk.bayeux)
    assert await socket.heard() == []
    return socket


CONNECT = {"channel": "/meta/connect", "clientId": FOREIGN}
SUBSCRIBE = {"channel": "/meta/subscribe", "clientId": FOREIGN, "subscription": "/v2/me/*"}


async def test_a_socket_of_a_session_of_another_process_is_answered_from_there(
    there: There,
) -> None:
    socket = await socket_at(there)

    socket.say(SUBSCRIBE)
    socket.say(CONNECT)

    assert await socket.heard() == ["from there", "from there"]
    assert [session_id for session_id, _ in there.asked] == [FOREIGN, FOREIGN]
    assert [json.loads(body) for _, body in there.asked] == [[SUBSCRIBE], [CONNECT]]


async def test_a_connect_that_waits_elsewhere_keeps_nothing_waiting_behind_it(slow: Slow) -> None:
    socket = await socket_at(slow)
    socket.say(CONNECT)
    socket.say(SUBSCRIBE)
    await whatever_is_due()

    slow.waiting[1].set_result(Answer(200, b'["subscribed"]'))

    assert await socket.heard() == ["subscribed"]
    slow.waiting[0].set_result(TOLD)
    assert await socket.heard() == ["from there"]


async def test_what_a_socket_says_is_handed_on_in_its_order(slow: Slow) -> None:
    socket = await socket_at(slow)
    socket.say(SUBSCRIBE | {"id": "1"})
    socket.say(SUBSCRIBE | {"id": "2"})
    await whatever_is_due()
    assert [json.loads(body)[0]["id"] for _, body in slow.asked] == ["1"]

    slow.waiting[0].set_result(TOLD)
    await whatever_is_due()

    assert [json.loads(body)[0]["id"] for _, body in slow.asked] == ["1", "2"]
    slow.waiting[1].set_result(None)


@pytest.mark.parametrize("answer", [None, Answer(401), Answer(502, b"a gateway's words")])
async def test_a_socket_that_nobody_answers_is_told_to_shake_hands(
    slow: Slow, answer: Answer | None
) -> None:
    socket = await socket_at(slow)
    heard = []
    for said in (SUBSCRIBE, CONNECT):
        socket.say(said)
        await whatever_is_due()
        slow.waiting[-1].set_result(answer)
        heard += await socket.heard()

    assert [(reply["channel"], reply["error"]) for reply in heard] == [
        ("/meta/subscribe", "402::session_unknown"),
        ("/meta/connect", "402::session_unknown"),
    ]
    assert heard[-1]["advice"]["reconnect"] == "handshake"


async def test_a_connect_that_a_newer_one_displaced_elsewhere_is_given_up_without_a_word(
    slow: Slow,
) -> None:
    socket = await socket_at(slow, duplicate_connect_status=408)
    socket.say(CONNECT)
    socket.say(CONNECT)
    await whatever_is_due()

    slow.waiting[0].set_result(Answer(408))
    slow.waiting[1].set_result(TOLD)

    assert await socket.heard() == ["from there"]


async def test_a_socket_has_no_more_connects_elsewhere_than_replies_it_may_owe(
    slow: Slow,
) -> None:
    socket = await socket_at(slow)
    for _ in range(40):
        socket.say(CONNECT)
    await whatever_is_due()

    assert len(slow.asked) == 16
    assert not socket.transport.is_read
    for number in range(40):
        slow.waiting[number].set_result(TOLD)
        await whatever_is_due()
    assert len(await socket.heard()) == 40
    assert socket.transport.is_read


async def test_a_connect_is_given_up_elsewhere_when_its_socket_ends_but_not_a_disconnect(
    slow: Slow,
) -> None:
    socket = await socket_at(slow)
    socket.say(CONNECT)
    socket.say({"channel": "/meta/disconnect", "clientId": FOREIGN})
    await whatever_is_due()

    socket.connection.connection_lost(None)
    await whatever_is_due()

    assert [waiting.cancelled() for waiting in slow.waiting] == [True, False]
    slow.waiting[1].set_result(TOLD)


async def test_a_socket_whose_connect_waits_elsewhere_may_stay_open(slow: Slow) -> None:
    desk = Desk(elsewhere=slow, max_idle_sockets_per_user=1)
    busy = await opened(desk)
    busy.say(CONNECT)
    idle = await opened(desk)

    await opened(desk)

    assert await busy.heard() == []
    assert await idle.heard() == [1008]
    for waiting in slow.waiting:
        waiting.cancel()


async def test_connects_of_sockets_that_wait_elsewhere_are_made_again_when_this_process_stops(
    slow: Slow,
) -> None:
    desk = Desk(elsewhere=slow, drain_grace=timedelta(0))
    socket = await opened(desk)
    socket.say(CONNECT | {"id": "7"})
    await whatever_is_due()

    await desk.bayeux.drain()

    reply, code = await socket.heard()
    assert reply["advice"].pop("interval") >= 0
    assert reply == {
        "channel": "/meta/connect",
        "id": "7",
        "clientId": FOREIGN,
        "successful": True,
        "advice": {"reconnect": "retry", "timeout": 30_000},
    }
    assert code == 1001
    assert slow.waiting[0].cancelled()
