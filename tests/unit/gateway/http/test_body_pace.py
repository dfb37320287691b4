"""The body of a request is read as fast as its client sends, and no slower than it has to."""

import asyncio
from datetime import timedelta

import pytest

from services.gateway.errors import RequestError, Situation
from services.gateway.http import body_pace
from services.gateway.http.asgi import Receive
from services.gateway.http.body_pace import PaceLimits, paced
from services.gateway.rest.uploads.form_files import body_of

LIMITS = PaceLimits(timedelta(minutes=1), slowest=500)


class Client:
    """Sends pieces with `pause` seconds in between, until the last or for `patience` seconds."""

    def __init__(self, pieces: list[bytes], pause: float) -> None:
        self.now = 0.0
        self._pieces = pieces
        self._pause = pause
        self.patience = 60.0

    def monotonic(self) -> float:
        return self.now

    def receive(self) -> Receive:
        async def receiving() -> dict[str, object]:
            if self.now > self.patience:
                await asyncio.Event().wait()
            self.now += self._pause
            piece = self._pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(self._pieces)}

        return receiving


async def read(client: Client, monkeypatch: pytest.MonkeyPatch, *, at_most: int = 100_000) -> bytes:
    monkeypatch.setattr(body_pace, "monotonic", client.monotonic)
    chunks = body_of(client.receive(), at_most=at_most, limits=LIMITS)
    async with asyncio.timeout(5):
        return b"".join([piece async for piece in chunks])


async def test_body_that_drips_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client([b"x"] * 1_000, pause=31)

    with pytest.raises(RequestError) as caught:
        await read(client, monkeypatch)

    assert caught.value.situation is Situation.TOO_SLOW
    assert client.now == 62


async def test_body_that_comes_fast_enough_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client([b"x" * 1_000] * 40, pause=1.4)

    assert len(await read(client, monkeypatch)) == 40_000


async def test_body_without_a_pause_is_ended_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client([b"x"] * 100_000, pause=0.01)
    client.patience = 100

    with pytest.raises(RequestError, match="500 bytes a second, and 10000 after ten minutes"):
        await read(client, monkeypatch)

    assert client.now == pytest.approx(75)


async def test_large_slow_body_is_ended_after_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client([b"x" * 600] * 2_000, pause=1)
    client.patience = 700

    with pytest.raises(RequestError) as caught:
        await read(client, monkeypatch, at_most=2_000_000)

    assert caught.value.situation is Situation.TOO_SLOW
    assert client.now == 600


async def test_end_of_a_connection_is_waited_for_after_the_body(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = Client([b"x", b"", b""], pause=59)
    client.patience = 1_000
    monkeypatch.setattr(body_pace, "monotonic", client.monotonic)
    receive = client.receive()

    async def whole_at_once() -> dict[str, object]:
        return {**await receive(), "more_body": False}

    receiving = paced(whole_at_once, LIMITS)
    for _ in range(3):
        await receiving()

    assert client.now > LIMITS.stall.total_seconds()
