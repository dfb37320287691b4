"""The body of a request is read as fast as its client sends, and no slower than it has to."""

import asyncio
from datetime import timedelta

import pytest

from services.gateway.errors import RequestError, Situation
from services.gateway.http.asgi import Receive
from services.gateway.rest.uploads import form_files
from services.gateway.rest.uploads.form_files import PaceLimits, body_of

LIMITS = PaceLimits(timedelta(minutes=1), slowest=500)


class Client:
    """Sends pieces with `pause` seconds in between, until the last or until a minute has passed."""

    def __init__(self, pieces: list[bytes], pause: float) -> None:
        self.now = 0.0
        self._pieces = pieces
        self._pause = pause

    def monotonic(self) -> float:
        return self.now

    def receive(self, patience: float) -> Receive:
        async def receiving() -> dict[str, object]:
            if self.now > patience:
                await asyncio.Event().wait()
            self.now += self._pause
            piece = self._pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(self._pieces)}

        return receiving


async def read(client: Client, monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setattr(form_files, "monotonic", client.monotonic)
    chunks = body_of(client.receive(60), at_most=100_000, limits=LIMITS)
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
