"""Websocket frames as the websockets library's client sees them."""

import asyncio
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from websockets.client import ClientProtocol
from websockets.extensions import ClientExtensionFactory
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from shared.bayeux.transports.web import Scope, refuse_upgrade
from shared.bayeux.transports.websocket_connection import MAX_FRAGMENTS, SocketConnection
from shared.http.answer import Answer
from tests.unit.bayeux.fake_transport import FakeTransport, run_due_callbacks, uvicorn_arguments

COMPRESSED = 0x40
"""RSV1 (RFC 7692 section 6)."""


class RecordingUser:
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


class SocketHarness:
    """A client that calls, and whoever answers."""

    def __init__(
        self,
        path: str = "/cometd",
        subprotocols: Sequence[str] | None = None,
        processor_time: Callable[[], float] | None = None,
        extensions: Sequence[ClientExtensionFactory] = (),
        **options: Any,
    ) -> None:
        timing: dict[str, Any] = {"processor_time": processor_time} if processor_time else {}
        self.user = RecordingUser()
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
            extensions=extensions or None,
        )
        arguments = uvicorn_arguments(self._application, **options)
        self.connection = SocketConnection(bayeux=self, **arguments, **timing)
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
        await run_due_callbacks()
        self.client.receive_data(self.transport.take().encode("latin-1"))
        return list(self.client.events_received())

    def send(self) -> None:
        """Bring what the client has said to the server."""
        self.connection.data_received(b"".join(self.client.data_to_send()))


@pytest.fixture
async def harness() -> SocketHarness:
    harness = SocketHarness()
    [answer] = await harness.settle()
    assert answer.status_code == 101
    return harness


async def test_a_client_that_insists_on_a_subprotocol_gets_its_first() -> None:
    harness = SocketHarness(subprotocols=["bayeux", "other"])

    [answer] = await harness.settle()

    assert answer.status_code == 101
    assert harness.client.subprotocol == "bayeux"


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 300_000])
async def test_a_text_of_any_size_is_one_frame(harness: SocketHarness, size: int) -> None:
    harness.connection.write(b"x" * size)

    [frame] = await harness.settle()

    assert (frame.opcode, frame.fin, len(frame.data)) == (Opcode.TEXT, True, size)


async def test_texts_of_the_client_are_passed_on(harness: SocketHarness) -> None:
    harness.client.send_text("Grüße".encode())
    harness.client.send_text(b"in two ", fin=False)
    harness.client.send_continuation(b"parts", fin=True)
    harness.client.send_binary(b"\0")
    harness.send()

    assert harness.user.read_texts == ["Grüße".encode(), b"in two parts"]
    assert harness.user.binaries == 1


async def test_a_text_that_is_none_closes_the_socket(harness: SocketHarness) -> None:
    harness.client.send_text(b"\xff")
    harness.send()

    await harness.settle()

    assert harness.client.close_rcvd is not None
    assert harness.client.close_rcvd.code == 1007
    assert harness.user.read_texts == []


async def test_pings_are_answered(harness: SocketHarness) -> None:
    harness.client.send_ping(b"here?")
    harness.send()

    [frame] = await harness.settle()

    assert frame == Frame(Opcode.PONG, b"here?")


async def test_pings_of_a_client_that_reads_nothing_are_not_piled_up(
    harness: SocketHarness,
) -> None:
    await harness.settle()
    harness.connection.pause_writing()
    for number in range(100):
        harness.client.send_ping(b"%d" % number)
        harness.send()
    was_written = harness.transport.written

    harness.connection.resume_writing()

    assert was_written == b""
    assert await harness.settle() == [Frame(Opcode.PONG, b"99")]


async def test_a_client_that_closes_while_it_reads_nothing_is_answered(
    harness: SocketHarness,
) -> None:
    await harness.settle()
    harness.connection.pause_writing()
    harness.client.send_ping(b"here?")
    harness.client.send_close(1000)
    harness.send()

    await harness.settle()

    assert harness.client.close_rcvd is not None
    assert harness.transport.is_closed


@pytest.mark.parametrize("fragment", [b"", b"x"], ids=["empty", "short"])
async def test_a_message_in_fragments_without_end_closes_the_socket(
    harness: SocketHarness, fragment: bytes
) -> None:
    await harness.settle()
    harness.client.send_text(b"[", fin=False)
    for _ in range(2 * MAX_FRAGMENTS):
        harness.client.send_continuation(fragment, fin=False)
    harness.send()

    await harness.settle()

    assert harness.client.close_rcvd is not None
    assert harness.client.close_rcvd.code == 1009
    assert harness.transport.is_closed
    assert harness.connection.frames == []
    assert harness.user.read_texts == []


@pytest.mark.parametrize("size", [100_000, 100_001])
async def test_message_that_unpacks_to_too_much_closes_the_socket(size: int) -> None:
    harness = SocketHarness(
        extensions=[ClientPerMessageDeflateFactory()],
        ws_max_size=100_000,
        ws_per_message_deflate=True,
    )
    await harness.settle()

    harness.client.send_text(b" " * size)  # some hundred octets on the line
    harness.send()
    await harness.settle()

    closed = harness.client.close_rcvd
    assert [len(text) for text in harness.user.read_texts] == [100_000] * (size == 100_000)
    assert (closed.code if closed else None) == (None if size == 100_000 else 1009)


async def test_fragments_without_end_before_the_answer_end_the_socket() -> None:
    harness = SocketHarness()
    harness.may_be_met.clear()
    early = [Frame(Opcode.TEXT, b"[", fin=False), *[Frame(Opcode.CONT, b"", fin=False)] * 2_000]
    harness.connection.data_received(b"".join(one.serialize(mask=True) for one in early))

    harness.may_be_met.set()
    await harness.settle()

    assert harness.client.close_rcvd is not None
    assert harness.client.close_rcvd.code == 1009


async def test_nothing_is_unpacked_before_the_socket_is_accepted() -> None:
    harness = SocketHarness(
        extensions=[ClientPerMessageDeflateFactory()],
        ws_max_size=100_000,
        ws_per_message_deflate=True,
    )
    harness.may_be_met.clear()
    deflated = zlib.compressobj(wbits=-15)
    bomb = deflated.compress(b" " * 100_000) + deflated.flush(zlib.Z_SYNC_FLUSH)
    first, *rest = Frame(Opcode.TEXT, bomb.removesuffix(b"\0\0\xff\xff")).serialize(mask=True)
    for _ in range(5):
        harness.connection.data_received(bytes((first | COMPRESSED, *rest)))
    kept = harness.connection.queue.qsize()
    was_read = harness.transport.is_read

    harness.may_be_met.set()
    await harness.settle()

    assert (kept, was_read) == (1, False)  # that it has begun
    assert harness.user.read_texts[0] == b" " * 100_000


async def test_text_before_the_socket_is_accepted_is_not_lost() -> None:
    harness = SocketHarness()
    harness.may_be_met.clear()
    await harness.settle()
    # The client may not do this, but nothing keeps its octets back.
    masked_hello = b"\x81\x85\0\0\0\0hello"
    harness.connection.data_received(masked_hello)
    harness.may_be_met.set()

    await harness.settle()

    assert harness.user.read_texts == [b"hello"]
    assert harness.transport.is_read


async def test_refused_client_reads_why() -> None:
    harness = SocketHarness()
    harness.refusal = Answer(401, b"nobody", ((b"www-authenticate", b"Basic"),))

    [answer] = await harness.settle()

    assert isinstance(answer, Response)
    assert (answer.status_code, answer.body) == (401, b"nobody")
    assert answer.headers["www-authenticate"] == "Basic"
    assert harness.transport.is_closed


async def test_a_fault_is_told_and_the_socket_closed() -> None:
    harness = SocketHarness()
    harness.fails = True

    [answer] = await harness.settle()

    assert answer.status_code == 500
    assert harness.transport.is_closed


async def test_a_socket_that_the_application_refuses_is_no_fault(
    caplog: pytest.LogCaptureFixture,
) -> None:
    harness = SocketHarness("/other")
    harness.answer_of_application = Answer(404)

    [answer] = await harness.settle()

    assert answer.status_code == 404
    assert [one.message for one in caplog.records if one.levelname == "ERROR"] == []


async def test_other_sockets_are_for_the_application() -> None:
    harness = SocketHarness("/other")

    [answer] = await harness.settle()

    assert harness.reached_application
    assert answer.status_code == 403


@pytest.mark.parametrize("ending", ["client closes", "line is cut"])
async def test_its_user_learns_once_that_the_client_has_gone(
    harness: SocketHarness, ending: str
) -> None:
    if ending == "client closes":
        harness.client.send_close(1000)
        harness.send()
    harness.connection.connection_lost(None)

    assert harness.user.left == 1


async def test_nothing_is_written_after_the_closing_frame(harness: SocketHarness) -> None:
    harness.connection.write(b"before")
    harness.connection.close(1001)
    harness.connection.write(b"after")

    frames = await harness.settle()

    assert [frame.data for frame in frames if frame.opcode is Opcode.TEXT] == [b"before"]
    assert harness.client.close_rcvd is not None
    assert harness.client.close_rcvd.code == 1001


async def test_its_user_learns_when_the_client_reads_again(harness: SocketHarness) -> None:
    harness.connection.pause_writing()
    was_writable = harness.connection.is_writable

    harness.connection.resume_writing()

    assert not was_writable
    assert harness.connection.is_writable
    assert harness.user.times_it_may_write == 1


async def test_a_client_can_be_made_to_wait(harness: SocketHarness) -> None:
    harness.connection.pause_reading()
    was_read = harness.transport.is_read

    harness.connection.resume_reading()

    assert not was_read
    assert harness.transport.is_read


async def test_a_client_that_answers_no_ping_is_cut_off(harness: SocketHarness) -> None:
    harness.connection.keepalive_timeout()

    assert harness.transport.is_aborted


@pytest.mark.parametrize("ended_by", ["us", "the client", "what is no frame"])
async def test_closing_socket_of_a_client_that_reads_nothing_is_aborted(ended_by: str) -> None:
    harness = SocketHarness()
    await harness.settle()
    harness.connection.close_timeout = 0
    if ended_by == "us":
        harness.connection.close(1000)
    elif ended_by == "the client":
        harness.client.send_close(1000)
        harness.send()
    else:
        harness.connection.data_received(b"\xff" * 10)
    was_aborted = harness.transport.is_aborted

    await harness.settle()

    assert (was_aborted, harness.transport.is_aborted) == (False, True)
