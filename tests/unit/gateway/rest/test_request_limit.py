"""Turns of a user's reads: a few are worked on at a time, the others wait for them."""

import asyncio
from types import SimpleNamespace
from typing import Any, Self
from unittest.mock import AsyncMock, MagicMock

import pytest

from services.gateway.rest.request_limit import (
    READS_AT_ONCE,
    ConcurrentRequests,
    RequestLimitMiddleware,
)
from shared.background_tasks import cancel_and_wait


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
        self._layer = RequestLimitMiddleware(self, authenticator, ConcurrentRequests(100))

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
        scope = {"name": name, "user": user, "method": method, "fails": fails}
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
