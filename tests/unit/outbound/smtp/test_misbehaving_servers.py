"""A next server that breaks the protocol at any step: no mail counts as sent without its answer."""

import asyncio
import ssl
import tracemalloc
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

import pytest

from services.outbound.smtp.connection import LoginProof, RouteUnavailableError, open_session
from services.outbound.smtp.smtp_message import SmtpMessage
from services.outbound.smtp.smtp_outcome import outcome_of
from services.outbound.smtp.smtp_session import Deadlines, SmtpSession
from services.outbound.smtp.transmission import Phase, Reply, Transmission
from shared.contracts.contact_center import SmtpRoute
from shared.domain.deliveries.delivery import (
    Conclusion,
    Delivery,
    DeliveryState,
    RecipientState,
)
from shared.storage.mails.delivery_store import new_delivery
from tests.doubles.clock import MovableClock
from tests.fixtures.https import certificate

_NOW: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_ADDRESS: Final = "ann@example.org"
_DELIVERY: Final = new_delivery(
    interaction_id="1",
    agent_id="agent1",
    message_id="<1@demo.example>",
    sender="support@demo.example",
    recipients=[_ADDRESS],
    now=_NOW,
)
_ANSWERS: Final[Mapping[str, bytes]] = {
    "greeting": b"220 next.example\r\n",
    "EHLO": b"250-next.example\r\n250 8BITMIME\r\n",
    "MAIL": b"250 go on\r\n",
    "RCPT": b"250 known\r\n",
    "DATA": b"354 go on\r\n",
    "dot": b"250 taken\r\n",
}
_PHASES: Final = {
    "greeting": Phase.CONNECT,
    "EHLO": Phase.CONNECT,
    "MAIL": Phase.MAIL,
    "RCPT": Phase.RCPT,
    "DATA": Phase.DATA,
    "dot": Phase.DOT,
}
_EACH_STEP: Final = pytest.mark.parametrize("step", _PHASES)

Manner = Literal["plain", "drips", "goes on for ever", "hangs up", "is silent"]


@dataclass
class Server:
    """Answers as it should up to one step, where it has another answer and another manner."""

    step: str = ""
    answer: bytes = b""
    manner: Manner = "plain"
    commands: list[bytes] = field(default_factory=list)
    saw_dot: bool = False
    has_interrupted: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tasks.append(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        finally:
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()
            self.has_interrupted.set()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await self._answer("greeting", writer)
            while line := await reader.readline():
                self.commands.append(line)
                verb = line[:4].decode("latin-1").strip().upper()
                await self._answer(verb if verb in _ANSWERS else "MAIL", writer)
                if verb == "DATA":
                    await self._read_body(reader, writer)
                    await self._answer("dot", writer)

    async def _read_body(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (line := await reader.readline()) not in {b".\r\n", b""}:
            if self.step == "body" and line == b"\r\n":
                await self._answer("body", writer)
                self.has_interrupted.set()
        self.saw_dot = line == b".\r\n"

    async def _answer(self, step: str, writer: asyncio.StreamWriter) -> None:
        if step != self.step:
            writer.write(_ANSWERS[step])
            return
        if self.manner == "plain":
            writer.write(self.answer)
        elif self.manner == "hangs up":
            raise ConnectionResetError
        elif self.manner == "is silent":
            await asyncio.Event().wait()
        else:
            while True:
                for at in range(len(self.answer)):
                    writer.write(self.answer if self.manner != "drips" else self.answer[at:][:1])
                    await writer.drain()
                    if self.manner == "drips":
                        await asyncio.sleep(0.02)  # the pace is what is tested


@asynccontextmanager
async def running(server: Server, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """Have a server listen for as long as the context lasts."""
    listener = await asyncio.start_server(server.accept, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for task in server.tasks:
            task.cancel()
        await asyncio.gather(*server.tasks, return_exceptions=True)


def deadlines_for(server: Server) -> Deadlines:
    """Return deadlines that are short only for the step at which the server makes us wait."""
    late = timedelta(seconds=10)
    soon = late if server.manner in {"plain", "hangs up"} else timedelta(seconds=0.3)
    step = server.step
    return Deadlines(
        connect=soon if step in {"greeting", "EHLO"} else late,
        command=soon if step in {"MAIL", "RCPT"} else late,
        recipients=late,
        data=soon if step == "DATA" else late,
        block=late,
        body=late,
        dot=soon if step == "dot" else late,
    )


async def opened(
    server: Server, tls: Literal["none", "implicit"] = "none", deadlines: Deadlines | None = None
) -> SmtpSession:
    """Open a session at a server."""
    return await open_session(
        SmtpRoute(host="localhost", port=server.port, tls=tls),
        LoginProof(),
        hello_name="test.example",
        deadlines=deadlines or deadlines_for(server),
        clock=MovableClock(),
    )


async def transmit(
    session: SmtpSession, server: Server, delivery: Delivery = _DELIVERY
) -> Transmission:
    """Send one mail over a session at a server."""

    async def before_dot(_: Mapping[str, Reply]) -> None:
        # As the majority write takes its time: what the server says meanwhile has arrived.
        if server.step == "body":
            await server.has_interrupted.wait()
            await asyncio.sleep(0)

    async def octets() -> AsyncIterator[bytes]:
        yield b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n"

    recipients = [one.address for one in delivery.recipients]
    return await session.transmit(SmtpMessage(delivery.sender, recipients, 90, octets), before_dot)


async def transmitted(server: Server, tls: Literal["none", "implicit"] = "none") -> Transmission:
    """Send one mail through a server."""
    try:
        session = await opened(server, tls)
    except RouteUnavailableError as error:
        return Transmission(Phase.CONNECT, fault=str(error))
    try:
        return await transmit(session, server)
    finally:
        session.close()


def outcome_after(transmission: Transmission, delivery: Delivery = _DELIVERY) -> Conclusion:
    """Return the outcome of a delivery that has another attempt."""
    return outcome_of(delivery, transmission, now=_NOW, retry_at=_NOW + timedelta(hours=1))


def state_after(transmission: Transmission) -> DeliveryState:
    """Return the state of the delivery, which has another attempt."""
    return outcome_after(transmission).state


async def test_server_that_does_as_it_should_takes_the_mail() -> None:
    async with running(Server()) as server:
        transmission = await transmitted(server)

    assert (transmission.phase, state_after(transmission)) == (Phase.DOT, DeliveryState.SENT)


@_EACH_STEP
async def test_421_at_any_step_defers_the_mail(step: str) -> None:
    async with running(Server(step, b"421 4.3.2 going down\r\n")) as server:
        transmission = await transmitted(server)

    assert transmission.phase is _PHASES[step]
    assert state_after(transmission) is DeliveryState.DEFERRED


@_EACH_STEP
@pytest.mark.parametrize("manner", ["hangs up", "is silent"])
async def test_lost_connection_is_in_doubt_after_the_dot_only(step: str, manner: Manner) -> None:
    async with running(Server(step, manner=manner)) as server:
        transmission = await transmitted(server)

    assert transmission.phase is _PHASES[step]
    expected = DeliveryState.UNCERTAIN if step == "dot" else DeliveryState.DEFERRED
    assert state_after(transmission) is expected


@_EACH_STEP
async def test_reply_octet_by_octet_has_the_deadline_of_a_whole_one(step: str) -> None:
    async with running(Server(step, b"250-" + b"x" * 200 + b"\r\n", "drips")) as server:
        async with asyncio.timeout(10):
            transmission = await transmitted(server)

    assert transmission.phase is _PHASES[step]
    assert state_after(transmission) is not DeliveryState.SENT


@_EACH_STEP
@pytest.mark.parametrize("answer", [b"250-more\r\n" * 500, b"x" * 5_000], ids=["lines", "line"])
async def test_reply_without_end_fills_no_memory(step: str, answer: bytes) -> None:
    async with running(Server(step, answer, "goes on for ever")) as server:
        tracemalloc.start()
        async with asyncio.timeout(10):
            transmission = await transmitted(server)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert transmission.phase is _PHASES[step]
    assert state_after(transmission) is not DeliveryState.SENT
    assert most < 4_000_000


@pytest.mark.parametrize("answer", [b"250 taken\r\n", b"550 no\r\n"])
async def test_answer_before_the_end_of_data_is_none(answer: bytes) -> None:
    async with running(Server("body", answer)) as server:
        transmission = await transmitted(server)

    assert transmission.phase is Phase.BODY
    assert not server.saw_dot
    assert state_after(transmission) is DeliveryState.DEFERRED


@pytest.mark.parametrize("answer", [b"250 taken\r\n", b"550 no\r\n"])
async def test_answer_behind_the_go_ahead_is_none(answer: bytes) -> None:
    async with running(Server("DATA", b"354 go on\r\n" + answer)) as server:
        transmission = await transmitted(server)

    assert not server.saw_dot
    assert state_after(transmission) is DeliveryState.DEFERRED


async def test_server_that_hangs_up_within_the_body_has_no_mail() -> None:
    async with running(Server("body", manner="hangs up")) as server:
        transmission = await transmitted(server)

    assert transmission.phase is Phase.BODY
    assert state_after(transmission) is DeliveryState.DEFERRED


@pytest.mark.parametrize(
    ("step", "answer", "is_kept"),
    [
        ("", b"", True),
        ("MAIL", b"451 later\r\n", True),
        ("dot", b"550 no\r\n", True),
        ("MAIL", b"354 go on\r\n", False),
        ("DATA", b"250 go on\r\n", False),
        ("dot", b"354 go on\r\n", False),
    ],
)
async def test_reply_of_a_wrong_kind_ends_the_connection(
    step: str, answer: bytes, is_kept: bool
) -> None:
    async with running(Server(step, answer)) as server:
        session = await opened(server)
        await transmit(session, server)
        was_kept = session.is_connected
        session.close()

    assert was_kept == is_kept


@pytest.mark.parametrize(
    ("answer", "states"),
    [
        (b"250 known\r\n", [RecipientState.ACCEPTED, RecipientState.DEFERRED]),
        (b"550 unknown\r\n", [RecipientState.FAILED, RecipientState.DEFERRED]),
    ],
)
async def test_slow_answers_about_many_recipients_have_an_end(
    answer: bytes, states: list[RecipientState]
) -> None:
    delivery = new_delivery(
        interaction_id="1",
        agent_id="agent1",
        message_id="<1@demo.example>",
        sender="support@demo.example",
        recipients=[_ADDRESS, "bob@example.org"],
        now=_NOW,
    )
    async with running(Server("RCPT", answer)) as server:
        deadlines = replace(deadlines_for(server), recipients=timedelta(0))
        session = await opened(server, deadlines=deadlines)
        transmission = await transmit(session, server, delivery)
        session.close()

    outcome = outcome_after(transmission, delivery)
    assert [one.state for one in outcome.recipients] == states
    assert outcome.state is DeliveryState.DEFERRED
    assert sum(one.startswith(b"RCPT") for one in server.commands) == 1


@pytest.mark.parametrize(
    ("name", "is_trusted", "state"),
    [
        ("localhost", True, DeliveryState.SENT),
        ("localhost", False, DeliveryState.DEFERRED),
        ("other.example", True, DeliveryState.DEFERRED),
    ],
    ids=["right", "of nobody", "of another"],
)
async def test_server_with_a_wrong_certificate_hears_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    is_trusted: bool,
    state: DeliveryState,
) -> None:
    shown = certificate(tmp_path, name)
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))

    async with running(Server(), shown.context) as server:
        transmission = await transmitted(server, tls="implicit")

    assert state_after(transmission) is state
    assert bool(server.commands) == (state is DeliveryState.SENT)
