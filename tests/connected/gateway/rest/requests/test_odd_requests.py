"""An odd request has the same answer at the pod of its session and at another one."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import quote, urlsplit

import pytest
import pytest_asyncio
import websockets

from services.gateway.notifications.topics import CHANNELS
from tests.connected.gateway.cluster.test_replicas import (
    PASSWORD,
    UNKNOWN,
    RoamingClient,
    another_pod,
)
from tests.support.backend import CENTER
from tests.support.gateway import Gateway

pytestmark = pytest.mark.connected

REFUSED: Final = "403::unsubscribe_failed"
"""What a session is told that is known and listens to nothing."""

_PASSWORD: Final = b"Authorization: Basic " + b64encode(b"agent1:agent1")
_LARGEST_HEADERS: Final = 32 * 1024
_COOKIES: Final = b"Cookie: %(cookies)s"


@pytest_asyncio.fixture(scope="module")
async def pods(shared_gateway: Gateway) -> AsyncIterator[list[Gateway]]:
    """Two pods that serve every kind of client."""
    await shared_gateway.clear()
    await shared_gateway.describe(CENTER)
    await shared_gateway.add_agent("agent1", logged_in=True)
    async with (
        another_pod(shared_gateway, callback_polling="true") as one,
        another_pod(shared_gateway, callback_polling="true") as other,
    ):
        yield [one, other]


@pytest_asyncio.fixture(scope="module")
async def roaming(pods: list[Gateway]) -> RoamingClient:
    """A client whose session is at the first pod."""
    client = RoamingClient([await pod.client("agent1") for pod in pods])
    await client.at[0].handshake()
    return client


def _lines(
    *headers: bytes, line: bytes = b"POST /cometd HTTP/1.1", without: bytes = b""
) -> list[bytes]:
    usual = [b"Host: %(host)s", _PASSWORD, _COOKIES, b"Connection: close"]
    return [line, *(one for one in usual if one.partition(b":")[0] != without), *headers]


_LENGTH: Final = b"Content-Length: %(length)d"
_SERVED: Final = {
    "plain": _lines(_LENGTH),
    "blank after a value": _lines(_LENGTH, b"X-Own: 1 "),
    "tab after a value": _lines(_LENGTH, b"X-Own: 1\t \t"),
    "blank after the cookies": _lines(_LENGTH, _COOKIES + b" ", without=b"Cookie"),
    "blank after the password": _lines(_LENGTH, _PASSWORD + b" ", without=b"Authorization"),
    "blank after the type": _lines(_LENGTH, b"Content-Type: application/json "),
    "blank after the host": _lines(_LENGTH, b"Host: %(host)s ", without=b"Host"),
    "no value": _lines(_LENGTH, b"X-Own:", b"Referer: ", b"User-Agent:"),
    "octets beyond ASCII": _lines(_LENGTH, b"X-Own: caf\xe9", b"User-Agent: \xd0\x96"),
    "a cookie beyond ASCII": _lines(_LENGTH, b"Cookie: n=caf\xe9"),
    "cookies in two fields": _lines(_LENGTH, b"Cookie: a=1"),
    "a header twice": _lines(_LENGTH, b"Accept: */*", b"Accept: text/html"),
    "a type twice": _lines(_LENGTH, b"Content-Type: application/json", b"Content-Type: text/html"),
    "a type with an odd parameter": _lines(_LENGTH, b'Content-Type: application/json;x="'),
    "as many headers as there may be": _lines(
        _LENGTH, *[b"X-Own-%d: 1" % number for number in range(95)]
    ),
    "its own origin": _lines(_LENGTH, b"Origin: http://%(host)s"),
    "an address beyond ASCII": _lines(_LENGTH, b"X-Forwarded-For: caf\xe9"),
    "an address that is none": _lines(_LENGTH, b"X-Forwarded-For: [::1, a b:c"),
    "no address": _lines(_LENGTH, b"X-Forwarded-For: "),
    "many addresses": _lines(_LENGTH, b"X-Forwarded-For: " + b"192.0.2.7, " * 600),
    "a long address": _lines(_LENGTH, b"X-Forwarded-For: " + b"1" * 7_900),
    "another scheme": _lines(_LENGTH, b"X-Forwarded-Proto: https"),
    "cookies for one hop": _lines(_LENGTH, b"Connection: cookie, authorization, host"),
    "an offer of another protocol": _lines(_LENGTH, b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"),
    "codings of the answer": _lines(_LENGTH, b"Accept-Encoding: gzip", b"TE: trailers"),
    "a body that is waited for": _lines(_LENGTH, b"Expect: 100-continue"),
    "a body in chunks": _lines(b"Transfer-Encoding: chunked"),
    "the old protocol": _lines(_LENGTH, line=b"POST /cometd HTTP/1.0"),
    "the old protocol without a host": _lines(
        _LENGTH, line=b"POST /cometd HTTP/1.0", without=b"Host"
    ),
    "a whole address": _lines(_LENGTH, line=b"POST http://%(host)s/cometd HTTP/1.1"),
    "another path": _lines(_LENGTH, line=b"POST /genesys/cometd/a%%2e%%2e HTTP/1.1"),
    "an empty query": _lines(_LENGTH, line=b"POST /cometd? HTTP/1.1"),
    "an odd query": _lines(_LENGTH, line=b'POST /cometd?%%zz&"|{}\\^`<>[]?/ HTTP/1.1'),
    "a long query": _lines(_LENGTH, line=b"POST /cometd?" + b"q" * 7_900 + b" HTTP/1.1"),
    "the largest head": _lines(_LENGTH, *[b"X-Own: " + b"1" * 7_900] * 4, b"X-Own: %(rest)s"),
    "the largest head of what is looked at": _lines(
        _LENGTH, *[b"Cookie: m=" + b"1" * 7_900] * 4, b"Cookie: n=%(rest)s"
    ),
}


@pytest.mark.parametrize("lines", _SERVED.values(), ids=_SERVED)
async def test_an_odd_request_has_the_same_answer_at_either_pod(
    pods: list[Gateway], roaming: RoamingClient, lines: list[bytes]
) -> None:
    own, other = [await _ask(pod, roaming, lines) for pod in pods]

    assert REFUSED in own[-1]
    assert other == own


_CALL: Final = quote('[{"channel":"/meta/unsubscribe","clientId":"ID","subscription":"/v2/me/*"}]')


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        (f"jsonp=f&message={_CALL}", REFUSED),
        (f"message={_CALL}&jsonp=f&%zz='*,", REFUSED),
        (f"jsonp=f&message={_CALL}&x={'q' * 7_000}", REFUSED),
        (f"jsonp=f&message={_CALL}&x={'q' * 9_000}", " 414 "),
        (f"jsonp=f&message={_CALL}&x=caf\xe9", " 400 "),
    ],
    ids=["plain", "odd", "long", "too long", "beyond ASCII"],
)
async def test_an_odd_call_has_the_same_answer_at_either_pod(
    pods: list[Gateway], roaming: RoamingClient, query: str, answer: str
) -> None:
    query = query.replace("ID", roaming.session.client_id or "")
    line = f"GET /cometd?{query} HTTP/1.1".replace("%", "%%").encode("latin-1")

    own, other = [await _ask(pod, roaming, _lines(line=line)) for pod in pods]

    assert any(answer in one for one in own)
    assert other == own


async def test_a_password_that_is_shown_twice_is_refused_at_either_pod(
    pods: list[Gateway], roaming: RoamingClient
) -> None:
    lines = _lines(_LENGTH, _PASSWORD)

    own, other = [await _ask(pod, roaming, lines) for pod in pods]

    assert " 401 " in own[0]
    assert other == own


_UPGRADES: Final = {
    "plain": {},
    "blank after a value": {"X-Own": "1 "},
    "octets beyond ASCII": {"X-Own": "caf\xe9", "Cookie": "n=caf\xe9"},
    "an address beyond ASCII": {"X-Forwarded-For": "caf\xe9"},
    "no address": {"X-Forwarded-For": ""},
    "as many headers as there may be": {f"X-Own-{number}": "1" for number in range(90)},
    "a long line": {"X-Own": "1" * 7_990},
}


@pytest.mark.parametrize("headers", _UPGRADES.values(), ids=_UPGRADES)
async def test_an_odd_upgrade_has_the_same_answer_at_either_pod(
    pods: list[Gateway], roaming: RoamingClient, headers: dict[str, str]
) -> None:
    told = []
    for pod in pods:
        async with websockets.connect(
            f"{pod.url.replace('http', 'ws', 1)}/cometd?a=%zz&b|c",
            additional_headers=[*PASSWORD.items(), *headers.items()],
        ) as wire:
            await wire.send(json.dumps([_probe(roaming.session.client_id)]))
            told.append(json.loads(await wire.recv())[0]["error"])

    assert told == [REFUSED, REFUSED]


async def test_a_session_that_nobody_holds_is_unknown_at_either_pod(
    pods: list[Gateway], roaming: RoamingClient
) -> None:
    lines = _SERVED["plain"]

    own, other = [await _ask(pod, roaming, lines, client_id="0" * 48) for pod in pods]

    assert UNKNOWN in own[-1]
    assert other == own


def _probe(client_id: str | None) -> dict[str, Any]:
    return {"channel": "/meta/unsubscribe", "clientId": client_id, "subscription": CHANNELS}


async def _ask(
    pod: Gateway, roaming: RoamingClient, lines: list[bytes], client_id: str | None = None
) -> list[str]:
    """Return the status line, the headers in order, and the body of what a pod answers."""
    body = json.dumps([_probe(client_id or roaming.session.client_id)]).encode()
    host = urlsplit(pod.url).netloc.encode()
    values: dict[bytes, Any] = {
        b"host": host,
        b"cookies": "; ".join(f"{one.name}={one.value}" for one in roaming.cookies).encode(),
        b"length": len(body),
        b"rest": b"",
    }
    sent = [line % values for line in lines]
    values[b"rest"] = b"1" * (_LARGEST_HEADERS - _size(sent[1:]))
    head = b"\r\n".join([line % values for line in lines]) + b"\r\n\r\n"
    if b"chunked" in head:
        body = b"%x\r\n%b\r\n0\r\nX-Own: 1 \r\n\r\n" % (len(body), body)
    if head.startswith(b"GET"):
        body = b""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(pod.url).port)
    writer.write(head + body)
    async with asyncio.timeout(20):
        answer = (
            (await reader.read()).decode("latin-1").removeprefix("HTTP/1.1 100 Continue\r\n\r\n")
        )
    writer.close()
    top, _, content = answer.partition("\r\n\r\n")
    status, *headers = top.lower().split("\r\n")
    kept = sorted(one.replace(host.decode(), "HOST") for one in headers if "date:" not in one)
    return [status, *kept, content]


def _size(headers: list[bytes]) -> int:
    """Return what the gateway counts of headers: names and values."""
    pairs = [header.partition(b":") for header in headers]
    return sum(len(name) + len(value.strip()) for name, _, value in pairs)
