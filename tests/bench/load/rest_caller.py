"""A client that costs little: one kept-alive HTTP/1.1 connection, one request at a time."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any


class RefusedError(Exception):
    """The answer is not the one that was wanted."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] | None = None


class Caller:
    """A client with one connection; `user` logs in with every request."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, user: str, password: str
    ) -> None:
        self._reader = reader
        self._writer = writer
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._always = f"Host: bench\r\nAuthorization: Basic {token}\r\n"

    async def call(self, call: Call) -> bytes:
        """Return the body of an answer with status 200.

        Raises:
            RefusedError: It has another one.
        """
        body = b"" if call.body is None else json.dumps(call.body).encode()
        more = "".join(f"{name}: {value}\r\n" for name, value in (call.headers or {}).items())
        head = (
            f"{call.method} {call.path} HTTP/1.1\r\n{self._always}{more}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        return await self._answer(call)

    async def _answer(self, call: Call) -> bytes:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        body = await self._reader.readexactly(length)
        if head.split(" ", 2)[1] != "200":
            raise RefusedError(f"{call.method} {call.path}: {head.splitlines()[0]} {body!r}")
        return body

    def close(self) -> None:
        """End the connection."""
        self._writer.close()


@asynccontextmanager
async def callers(port: int, users: Sequence[str], password: str) -> AsyncIterator[list[Caller]]:
    """Give one caller for each user."""
    found = [
        Caller(*await asyncio.open_connection("127.0.0.1", port), user, password) for user in users
    ]
    try:
        yield found
    finally:
        for one in found:
            one.close()


@dataclass(frozen=True, slots=True)
class Calls:
    """How long some calls took, each and all together, in seconds."""

    each: tuple[float, ...]
    all: float

    @property
    def rate(self) -> float:
        """Calls a second."""
        return len(self.each) / self.all


async def measured(several: Sequence[Caller], calls: Sequence[Sequence[Call]]) -> Calls:
    """Have every caller make its own calls, one after the other, all callers at once."""
    each: list[float] = []

    async def work(caller: Caller, own: Sequence[Call]) -> None:
        for one in own:
            began = time.perf_counter()
            await caller.call(one)
            each.append(time.perf_counter() - began)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for caller, own in zip(several, calls, strict=True):
            group.create_task(work(caller, own))
    return Calls(tuple(each), time.perf_counter() - began)
