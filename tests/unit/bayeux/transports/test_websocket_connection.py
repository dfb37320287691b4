"""Websocket frames as the websockets library's client sees them."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from shared.bayeux.transports.web import Answer, Scope, refuse_upgrade
from shared.bayeux.transports.websocket_connection import MAX_FRAGMENTS, SocketConnection
from tests.unit.bayeux.wires import FakeTransport, uvicorns, whatever_is_due


class FakeUser:
    """Writes down what it is handed."""

    def __init__(self) -> None:
        self.read_texts: list[bytes] = []
        self.binaries = 0
        self.times_it_may_write = 0
        self.left = 0

    def text_received(self, text: bytes) -> None:
        self.read_texts.append(text)

    def binary_received(self) -> None:
        self.binaries += 1

    def writing_resumed(self) -> None:
        self.times_it_may_write += 1

    def disconnected(self) -> None:
        self.left += 1


class Call:
    """A client that calls, and whoever answers."""

    def __init__(
        self, path: str = "/cometd", subprotocols: Sequence[str] | None = None, **options: Any
    ) -> None:
        self.user = FakeUser()
        self.refusal: Answer | None = None
        self.fails = False
        self.reached_application = False
        self.answer_of_application: Answer | None = None
        self.may_be_met = asyncio.Event()
        self.may_be_met.set()
        self.transport = FakeTransport()
        self.client = ClientProtocol(
            parse_uri(f"ws://here{path}"),
            subprotocols=[Subprotocol(name) for name in subprotocols] if subprotocols else None,
        )
        self.connection = SocketConnection(bayeux=self, **uvicorns(self._application, **options))
        self.connection.connection_made(self.transport)
        self.client.send_request(self.client.connect())
        self.send()

    def serves(self, path: str) -> bool:
        return path == "/cometd"

    async def admit_socket(self, connection: SocketConnection, scope: Scope) -> None:
        assert scope["path"] == "/cometd"
        await self.may_be_met.wait()
        if self.fails:
            raise ValueError("a fault that nobody foresaw")
        if self.refusal is not None:
            await connection.refuse(self.refusal)
        else:
            await connection.accept(self.user)

    async def _application(self, scope: Any, _receive: Any, send: Any) -> None:
        self.reached_application = True
        if self.answer_of_application is None:
            await send({"type": "websocket.close"})
        else:
            await refuse_upgrade(scope, send, self.answer_of_application)

    async def settle(self) -> list[Any]:
        """Return what the client got, once nothing moves any more."""
        await whatever_is_due()
        self.client.receive_data(self.transport.take().encode("latin-1"))
        return list(self.client.events_received())

    def send(self) -> None:
        """Bring what the client has said to the server."""
        self.connection.data_received(b"".join(self.client.data_to_send()))


@pytest.fixture
async def call() -> Call:
    call = Call()
    [answer] = await call.settle()
    assert answer.status_code == 101
    return call


async def test_a_client_that_insists_on_a_subprotocol_gets_its_first() -> None:
    call = Call(subprotocols=["bayeux", "other"])

    [answer] = await call.settle()

    assert answer.status_code == 101
    assert call.client.subprotocol == "bayeux"


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 300_000])
async def test_a_text_of_any_size_is_one_frame(call: Call, size: int) -> None:
    call.connection.write(b"x" * size)

    [frame] = await call.settle()

    assert (frame.opcode, frame.fin, len(frame.data)) == (Opcode.TEXT, True, size)


async def test_what_the_client_says_is_handed_on(call: Call) -> None:
    call.client.send_text("Grüße".encode())
    call.client.send_text(b"in two ", fin=False)
    call.client.send_continuation(b"parts", fin=True)
    call.client.send_binary(b"\0")
    call.send()

    assert call.user.read_texts == ["Grüße".encode(), b"in two parts"]
    assert call.user.binaries == 1


async def test_a_text_that_is_none_closes_the_socket(call: Call) -> None:
    call.client.send_text(b"\xff")
    call.send()

    await call.settle()

    assert call.client.close_rcvd is not None
    assert call.client.close_rcvd.code == 1007
    assert call.user.read_texts == []


async def test_pings_are_answered(call: Call) -> None:
    call.client.send_ping(b"here?")
    call.send()

    [frame] = await call.settle()

    assert frame == Frame(Opcode.PONG, b"here?")


async def test_pings_of_a_client_that_reads_nothing_are_not_piled_up(call: Call) -> None:
    await call.settle()
    call.connection.pause_writing()
    for number in range(100):
        call.client.send_ping(b"%d" % number)
        call.send()
    was_written = call.transport.written

    call.connection.resume_writing()

    assert was_written == b""
    assert await call.settle() == [Frame(Opcode.PONG, b"99")]


async def test_a_client_that_closes_while_it_reads_nothing_is_answered(call: Call) -> None:
    await call.settle()
    call.connection.pause_writing()
    call.client.send_ping(b"here?")
    call.client.send_close(1000)
    call.send()

    await call.settle()

    assert call.client.close_rcvd is not None
    assert call.transport.is_closed


@pytest.mark.parametrize("fragment", [b"", b"x"], ids=["empty", "short"])
async def test_a_message_in_fragments_without_end_closes_the_socket(
    call: Call, fragment: bytes
) -> None:
    await call.settle()
    call.client.send_text(b"[", fin=False)
    for _ in range(2 * MAX_FRAGMENTS):
        call.client.send_continuation(fragment, fin=False)
    call.send()

    await call.settle()

    assert call.client.close_rcvd is not None
    assert call.client.close_rcvd.code == 1009
    assert call.transport.is_closed
    assert call.connection.frames == []
    assert call.user.read_texts == []


async def test_fragments_without_end_before_the_answer_end_the_line() -> None:
    call = Call()
    call.may_be_met.clear()
    early = [Frame(Opcode.TEXT, b"[", fin=False), *[Frame(Opcode.CONT, b"", fin=False)] * 2_000]

    call.connection.data_received(b"".join(one.serialize(mask=True) for one in early))

    assert call.transport.is_aborted


async def test_what_came_before_the_socket_was_accepted_is_not_lost() -> None:
    call = Call()
    call.may_be_met.clear()
    await call.settle()
    # The client may not do this, but nothing keeps its octets back.
    masked_hello = b"\x81\x85\0\0\0\0hello"
    call.connection.data_received(masked_hello)
    call.may_be_met.set()

    await call.settle()

    assert call.user.read_texts == [b"hello"]
    assert call.transport.is_read


async def test_who_is_refused_reads_why() -> None:
    call = Call()
    call.refusal = Answer(401, b"nobody", ((b"www-authenticate", b"Basic"),))

    [answer] = await call.settle()

    assert isinstance(answer, Response)
    assert (answer.status_code, answer.body) == (401, b"nobody")
    assert answer.headers["www-authenticate"] == "Basic"
    assert call.transport.is_closed


async def test_a_fault_is_told_and_the_socket_closed() -> None:
    call = Call()
    call.fails = True

    [answer] = await call.settle()

    assert answer.status_code == 500
    assert call.transport.is_closed


async def test_a_socket_that_the_application_refuses_is_no_fault(
    caplog: pytest.LogCaptureFixture,
) -> None:
    call = Call("/other")
    call.answer_of_application = Answer(404)

    [answer] = await call.settle()

    assert answer.status_code == 404
    assert [one.message for one in caplog.records if one.levelname == "ERROR"] == []


async def test_other_sockets_are_for_the_application() -> None:
    call = Call("/other")

    [answer] = await call.settle()

    assert call.reached_application
    assert answer.status_code == 403


@pytest.mark.parametrize("ending", ["client closes", "line is cut"])
async def test_its_user_learns_once_that_the_client_has_gone(call: Call, ending: str) -> None:
    if ending == "client closes":
        call.client.send_close(1000)
        call.send()
    call.connection.connection_lost(None)

    assert call.user.left == 1


async def test_nothing_is_written_after_the_closing_frame(call: Call) -> None:
    call.connection.write(b"before")
    call.connection.close(1001)
    call.connection.write(b"after")

    frames = await call.settle()

    assert [frame.data for frame in frames if frame.opcode is Opcode.TEXT] == [b"before"]
    assert call.client.close_rcvd is not None
    assert call.client.close_rcvd.code == 1001


async def test_its_user_learns_when_the_client_reads_again(call: Call) -> None:
    call.connection.pause_writing()
    was_writable = call.connection.is_writable

    call.connection.resume_writing()

    assert not was_writable
    assert call.connection.is_writable
    assert call.user.times_it_may_write == 1


async def test_a_client_can_be_made_to_wait(call: Call) -> None:
    call.connection.pause_reading()
    was_read = call.transport.is_read

    call.connection.resume_reading()

    assert not was_read
    assert call.transport.is_read


async def test_a_client_that_answers_no_ping_is_cut_off(call: Call) -> None:
    call.connection.keepalive_timeout()

    assert call.transport.is_aborted


@pytest.mark.parametrize("ended_by", ["us", "the client", "what is no frame"])
async def test_closing_socket_of_a_client_that_reads_nothing_is_aborted(ended_by: str) -> None:
    call = Call()
    await call.settle()
    call.connection.close_timeout = 0
    if ended_by == "us":
        call.connection.close(1000)
    elif ended_by == "the client":
        call.client.send_close(1000)
        call.send()
    else:
        call.connection.data_received(b"\xff" * 10)
    was_aborted = call.transport.is_aborted

    await call.settle()

    assert (was_aborted, call.transport.is_aborted) == (False, True)
