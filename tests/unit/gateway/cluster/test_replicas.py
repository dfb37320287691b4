"""Requests that are forwarded to another pod, and its answers."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast

import pytest

from services.gateway.cluster.pod_request import headers_for_pod, target_for_pod
from services.gateway.cluster.replica_store import ReplicaStore
from services.gateway.cluster.replicas import Replicas
from shared.bayeux import Answer, Request
from shared.domain.errors import Unavailable

NAME = "b" * 8
ADDED = [(b"x-mailroom-handed-on", b"1"), (b"x-forwarded-proto", b"http")]


class OnePod:
    """A store that knows one other pod."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def renew(self, name: str, url: str) -> None:
        raise AssertionError((name, url))

    async def all(self) -> dict[str, str]:
        return {NAME: self._url}

    async def remove(self, name: str) -> None:
        raise Unavailable(name)


@asynccontextmanager
async def a_pod(answer: bytes) -> AsyncIterator[str]:
    """Run a pod that answers everything with the same octets, and closes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n[]")
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def asked(answer: bytes, **scope: Any) -> Answer | None:
    """Return what a client is told for whom a pod is asked."""
    whole = {"method": "POST", "query_string": b"", "headers": [], "client": None} | scope
    async with a_pod(answer) as url:
        replicas = Replicas(
            cast("ReplicaStore", OnePod(url)), own_url="", patience=timedelta(seconds=10)
        )
        async with replicas.registered():
            return await replicas.answer(
                NAME + "0" * 40, Request(cast("Any", None), whole, b"", json.dumps([]).encode())
            )


@pytest.mark.parametrize("status", ["200 OK", "299", "599 Odd", "600 Odd", "999"])
async def test_an_answer_with_an_unknown_status_is_502(status: str) -> None:
    told = await asked(f"HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\n[]".encode())

    assert told is not None
    assert told.status == (200 if status == "200 OK" else 502)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
    ],
    ids=["no status", "no HTTP", "half an answer"],
)
async def test_an_answer_that_is_no_http_is_502(answer: bytes) -> None:
    told = await asked(answer)

    assert told is not None
    assert told.status == 502


async def test_a_pod_that_says_nothing_answers_nobody() -> None:
    assert await asked(b"") is None


async def test_request_that_cannot_be_forwarded_is_400() -> None:
    told = await asked(b"", headers=[(b"cookie", b"a=\x00")])

    assert told is not None
    assert told.status == 400


def test_only_what_is_looked_at_goes_on() -> None:
    scope = {
        "client": ("192.0.2.7", 49152),
        "scheme": "http",
        "headers": [
            (b"connection", b"Upgrade, Cookie"),
            (b"upgrade", b"websocket"),
            (b"sec-websocket-key", b"AAAAAAAAAAAAAAAAAAAAAA=="),
            (b"x-own", b"1"),
            (b"x-forwarded-for", b"198.51.100.1"),
            (b"x-forwarded-proto", b"https"),
            (b"host", b"mail.example"),
            (b"origin", b"https://mail.example"),
            (b"authorization", b"Bearer x \t"),
            (b"cookie", b"a=1"),
            (b"cookie", b"b=2"),
        ],
    }

    told = [(b"authorization", b"Bearer x"), (b"cookie", b"a=1"), (b"cookie", b"b=2"), *ADDED]
    told.append((b"x-forwarded-for", b"192.0.2.7"))
    assert headers_for_pod(scope) == told


@pytest.mark.parametrize(
    ("client", "told"),
    [
        (("caf\xe9", 0), [(b"x-forwarded-for", b"caf\xe9")]),
        ((" ::1", 0), [(b"x-forwarded-for", b"::1")]),
        (("", 0), []),
        (None, []),
    ],
)
def test_every_address_can_be_handed_on(
    client: tuple[str, int] | None, told: list[tuple[bytes, bytes]]
) -> None:
    assert headers_for_pod({"client": client, "headers": []}) == [*ADDED, *told]


@pytest.mark.parametrize(
    ("method", "query", "target"),
    [
        ("POST", b"a=1", b"/cometd"),
        ("GET", b"a=%zz|", b"/cometd?a=%zz|"),
        ("GET", b"", b"/cometd"),
    ],
)
def test_only_the_query_of_a_call_goes_on(method: str, query: bytes, target: bytes) -> None:
    assert target_for_pod({"method": method, "query_string": query}) == target
