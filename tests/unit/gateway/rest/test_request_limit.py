"""Turns of a user's reads: a few are worked on at a time, the others wait for them."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Self
from unittest.mock import AsyncMock, MagicMock

import pytest

from services.gateway.errors import RequestError, Situation
from services.gateway.http.body_pace import PaceLimits
from services.gateway.rest.request_limit import (
    CHANGES_AT_ONCE,
    READS_AT_ONCE,
    ConcurrentRequests,
    RequestLimitMiddleware,
)
from shared.background_tasks import cancel_and_wait

PACE = PaceLimits(timedelta(minutes=1), slowest=500)


class Reads:
    """Requests to a layer that answers none before it is told to."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.refused: list[str] = []
        self._may_answer: dict[str, asyncio.Event] = {}
        self._may_end: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        authenticator = MagicMock()
        authenticator.authenticate = AsyncMock(side_effect=_by_user)
        requests = ConcurrentRequests(100, most_octets=10)
        self._layer = RequestLimitMiddleware(self, authenticator, requests, pace=PACE)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await cancel_and_wait(self._tasks.values())

    async def serve(self, scope: Any, _receive: Any, send: Any, _explain: Any, /) -> None:
        """Work until `answer`, send until `end`."""
        name = scope["name"]
        self.begun.append(name)
        await self._may_answer[name].wait()
        if scope["fails"]:
            raise LookupError
        await send({"type": "http.response.start"})
        await self._may_end[name].wait()

    async def ask(
        self, name: str, user: str = "ann", method: str = "GET", *, fails: bool = False
    ) -> None:
        """Send a request."""
        scope = {
            "name": name,
            "user": user,
            "method": method,
            "path": "/me",
            "headers": [],
            "fails": fails,
        }
        self._may_answer[name], self._may_end[name] = asyncio.Event(), asyncio.Event()
        self._tasks[name] = asyncio.create_task(
            self._layer.serve(scope, AsyncMock(), AsyncMock(), MagicMock())
        )
        await settle()

    async def answer(self, name: str) -> None:
        """Let a request begin its answer, which is read slowly."""
        self._may_answer[name].set()
        await settle()


async def _by_user(scope: Any) -> SimpleNamespace:
    return SimpleNamespace(user_id=scope["user"])


async def settle() -> None:
    """Let everybody go on who can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def busy(reads: Reads) -> list[str]:
    """Begin as many reads as are worked on at a time."""
    names = [f"read {number}" for number in range(READS_AT_ONCE)]
    for name in names:
        await reads.ask(name)
    return names


async def test_further_read_of_a_user_waits_for_its_turn() -> None:
    async with Reads() as reads:
        names = await busy(reads)
        await reads.ask("next")
        before = list(reads.begun)
        await reads.answer(names[0])

        assert before == names
        assert reads.begun == [*names, "next"]


@pytest.mark.parametrize(("user", "method"), [("ben", "GET"), ("ann", "POST"), ("ann", "DELETE")])
async def test_others_and_changes_do_not_wait(user: str, method: str) -> None:
    async with Reads() as reads:
        names = await busy(reads)
        await reads.ask("other", user, method)

        assert reads.begun == [*names, "other"]


async def test_read_that_fails_leaves_its_turn() -> None:
    async with Reads() as reads:
        for number in range(READS_AT_ONCE):
            await reads.ask(str(number), fails=True)
            await reads.answer(str(number))
        await reads.ask("next")

        assert reads.begun[-1] == "next"


async def test_reads_wait_in_the_order_they_came() -> None:
    async with Reads() as reads:
        names = await busy(reads)
        for name in ("fifth", "sixth", "seventh"):
            await reads.ask(name)
        for name in names[:3]:
            await reads.answer(name)

        assert reads.begun[READS_AT_ONCE:] == ["fifth", "sixth", "seventh"]


class Bodies:
    """Requests to a layer that holds the bodies it has read until it is told to answer."""

    def __init__(self) -> None:
        self.refused: list[RequestError] = []
        self.whole = 0
        self._may_answer = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        authenticator = MagicMock()
        authenticator.authenticate = AsyncMock(side_effect=_by_user)
        requests = ConcurrentRequests(100, most_octets=10)
        self._layer = RequestLimitMiddleware(self, authenticator, requests, pace=PACE)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await cancel_and_wait(self._tasks)

    async def serve(self, _scope: Any, receive: Any, _send: Any, _explain: Any, /) -> None:
        """Read the body, and wait."""
        while (await receive())["more_body"]:
            pass
        self.whole += 1
        await self._may_answer.wait()

    async def send(self, *pieces: bytes, user: str = "ann", **of_scope: Any) -> None:
        """Send a request whose body comes in pieces."""
        headers = [(b"content-type", of_scope.pop("kind", b"application/json"))]
        scope = {"user": user, "method": "POST", "path": "/me", "headers": headers} | of_scope
        messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
        messages[-1]["more_body"] = False
        self._tasks.append(asyncio.create_task(self._ask(scope, AsyncMock(side_effect=messages))))
        await settle()

    async def begin(self) -> None:
        """Send a request whose body does not come."""
        scope = {"user": "ann", "method": "POST", "path": "/me", "headers": []}
        never = AsyncMock(side_effect=asyncio.Event().wait)
        self._tasks.append(asyncio.create_task(self._ask(scope, never)))
        await settle()

    async def answer(self) -> None:
        """Answer all requests, and those that follow as soon as they are read."""
        self._may_answer.set()
        await settle()

    async def _ask(self, scope: Any, receive: Any) -> None:
        try:
            await self._layer.serve(scope, receive, AsyncMock(), MagicMock())
        except RequestError as error:
            self.refused.append(error)


async def test_bodies_that_are_held_for_a_user_are_bounded() -> None:
    async with Bodies() as bodies:
        await bodies.send(b"12345", b"67890")
        before = list(bodies.refused)
        await bodies.send(b"1", user="ben")
        await bodies.send(b"", b"1")

        assert before == []
        assert [one.situation for one in bodies.refused] == [Situation.TOO_MANY_REQUESTS]
        assert bodies.refused[0].headers == {"Retry-After": "1", "Connection": "close"}


async def test_room_of_a_body_is_free_when_it_is_answered() -> None:
    async with Bodies() as bodies:
        await bodies.send(b"1234567890")
        await bodies.answer()
        await bodies.send(b"1234567890")

        assert bodies.refused == []


@pytest.mark.parametrize(
    ("path", "kind", "refused"),
    [
        ("/me/interactions/A/attachments", b"multipart/form-data; boundary=X", 0),
        ("/me/interactions/A/attachments", b"text/plain", 1),
        ("/me/interactions/A", b"multipart/form-data; boundary=X", 1),
    ],
)
async def test_only_uploads_are_not_held(path: str, kind: bytes, refused: int) -> None:
    async with Bodies() as bodies:
        await bodies.send(b"123456", b"78901", path=path, kind=kind)

        assert len(bodies.refused) == refused


async def test_changes_of_a_user_take_turns() -> None:
    async with Bodies() as bodies:
        for _ in range(CHANGES_AT_ONCE + 2):
            await bodies.send(b"")
        await bodies.send(b"", user="ben")
        before = bodies.whole
        await bodies.answer()

        assert before == CHANGES_AT_ONCE + 1
        assert bodies.whole == CHANGES_AT_ONCE + 3


async def test_bodies_that_are_not_whole_have_no_turn() -> None:
    async with Bodies() as bodies:
        for _ in range(2 * CHANGES_AT_ONCE):
            await bodies.begin()
        await bodies.send(b"")

        assert bodies.whole == 1
