"""Which requests are answered by another process, and what becomes of them."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from services.gateway.bayeux import Answer, BayeuxServer, BayeuxSettings, Request
from services.gateway.bayeux.http_connection import HttpConnection
from tests.bayeux_lab.lab import Nobody, authenticate
from tests.unit.bayeux.wires import FakeTransport, uvicorns

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


class Desk:
    """A client on one connection."""

    def __init__(self) -> None:
        self.there = There()
        self.bayeux = BayeuxServer(
            BayeuxSettings(), authenticate=authenticate, listener=Nobody(), elsewhere=self.there
        )
        self.transport = FakeTransport()
        self.connection = HttpConnection(bayeux=self.bayeux, **uvicorns(_nothing))
        self.connection.connection_made(self.transport)
        self.cookie = "BAYEUX_BROWSER=0123456789abcdef"

    def send(self, *messages: dict[str, Any]) -> None:
        body = json.dumps(messages).encode()
        head = (
            "POST /cometd HTTP/1.1\r\nAuthorization: Bearer agent-7\r\n"
            f"Cookie: {self.cookie}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.connection.data_received(head.encode() + body)

    async def ask(self, *messages: dict[str, Any]) -> Any:
        self.send(*messages)
        await self.transport.something_written.wait()
        return json.loads(self.transport.take().partition("\r\n\r\n")[2])

    async def handshake(self) -> str:
        greeting = {"version": "1.0", "supportedConnectionTypes": ["long-polling"]}
        [reply] = await self.ask({"channel": "/meta/handshake"} | greeting)
        return str(reply["clientId"])


async def _nothing(_scope: Any, _receive: Any, _send: Any) -> None:
    pass


@pytest.fixture
async def desk() -> Desk:
    return Desk()


async def test_the_ids_of_sessions_say_where_they_are(desk: Desk) -> None:
    assert re.fullmatch(r"a{8}[0-9a-f]{40}", await desk.handshake())


async def test_what_is_about_a_session_of_another_process_is_answered_from_there(
    desk: Desk,
) -> None:
    replies = await desk.ask(
        {"channel": "/meta/subscribe", "clientId": FOREIGN},
        {"channel": "/meta/connect", "clientId": FOREIGN},
    )

    assert replies == ["from there"]
    [(session_id, body)] = desk.there.asked
    assert session_id == FOREIGN
    assert [one["channel"] for one in json.loads(body)] == ["/meta/subscribe", "/meta/connect"]


async def test_what_is_about_no_single_session_is_answered_here(desk: Desk) -> None:
    own = await desk.handshake()
    for named in (own, None, 7, ""):
        await desk.ask({"channel": "/meta/connect", "clientId": named, "advice": {"timeout": 0}})
    mixed = await desk.ask(
        {"channel": "/meta/connect", "clientId": FOREIGN},
        {"channel": "/meta/connect", "clientId": own},
    )
    await desk.ask({"channel": "/meta/handshake", "clientId": FOREIGN})

    assert [reply["successful"] for reply in mixed] == [False, True]
    assert [asked for asked in desk.there.asked if asked[0]] == []


async def test_where_nobody_answers_the_session_is_unknown(desk: Desk) -> None:
    async def fails() -> Answer | None:
        raise ConnectionError("no pod")

    async def knows_nothing() -> Answer | None:
        return None

    for answers in (fails, knows_nothing):
        desk.there.answers = answers
        [reply] = await desk.ask({"channel": "/meta/connect", "clientId": FOREIGN})

        assert reply["error"] == "402::session_unknown"
        assert reply["advice"]["reconnect"] == "handshake"


async def test_nobody_is_waited_for_once_the_client_has_gone(desk: Desk) -> None:
    asked, given_up = asyncio.Event(), asyncio.Event()

    async def waits() -> Answer | None:
        asked.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            given_up.set()
        return None

    desk.there.answers = waits
    desk.send({"channel": "/meta/connect", "clientId": FOREIGN})
    await asked.wait()

    desk.connection.connection_lost(None)

    async with asyncio.timeout(10):
        await given_up.wait()
    assert desk.transport.take() == ""


async def test_a_head_that_is_known_here_does_not_keep_a_foreign_session_here(desk: Desk) -> None:
    own = await desk.handshake()
    connect = {"channel": "/meta/connect", "advice": {"timeout": 0}}
    for _ in range(2):
        await desk.ask(connect | {"clientId": own})

    replies = await desk.ask(connect | {"clientId": FOREIGN})

    assert replies == ["from there"]
