"""Ingest's listeners on an event loop of their own, with a store that only keeps what it is given.

The loop is the caller's choice: production runs on uvloop, whose transports are no
`asyncio.Transport` and behave differently when they are closed.
"""

import asyncio
import select
import socket
import ssl
import threading
from collections.abc import AsyncIterable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, cast

import structlog
from prometheus_client import REGISTRY

from deploy.local.processes.ports import free_port
from services.ingest.settings import IngestSettings
from services.ingest.smtp.listeners import listening
from services.ingest.smtp.receiver import MailReceiver
from services.ingest.smtp.server_certificate import ServerCertificate
from shared.contracts.contact_center import ContactCenter
from shared.domain.mail_envelope import MailEnvelope
from shared.intake.mail_intake import MailIntake
from shared.storage.configuration_store import ConfigurationStore
from tests.doubles.clock import MovableClock
from tests.support.backend import CENTER

LoopFactory = Callable[[], asyncio.AbstractEventLoop]
_DEADLINE = 10.0


@dataclass(frozen=True)
class KeptMail:
    """A mail that the store was asked to keep."""

    raw: bytes
    sender: str
    mailboxes: tuple[str, ...]
    peer: str


class _KeepingStore:
    """The store: keeps a mail when it is allowed to."""

    def __init__(self) -> None:
        self.kept: list[KeptMail] = []
        self.may_store = asyncio.Event()
        self.may_store.set()
        self.asked = threading.Event()

    async def add(
        self, raw: bytes, envelope: MailEnvelope, *, arrival_id: str | None = None
    ) -> str:
        assert arrival_id is None
        self.asked.set()
        await self.may_store.wait()
        self.kept.append(KeptMail(raw, envelope.sender, envelope.mailboxes, envelope.peer))
        return f"mail{len(self.kept)}"

    async def add_stream(
        self,
        pieces: AsyncIterable[bytes],
        envelope: MailEnvelope,
        *,
        arrival_id: str | None = None,
    ) -> str:
        assert arrival_id is None
        return await self.add(b"".join([piece async for piece in pieces]), envelope)


class _FixedConfiguration:
    async def current(self) -> ContactCenter:
        return CENTER


@dataclass
class RunningListener:
    """Listeners in a thread, what they kept, and what went wrong on their loop."""

    settings: IngestSettings
    loop: asyncio.AbstractEventLoop
    keeping: _KeepingStore
    certificate: ServerCertificate | None = None
    faults: list[Mapping[str, Any]] = field(default_factory=list)
    logged: Sequence[Mapping[str, Any]] = field(default_factory=list)
    _end: asyncio.Event = field(default_factory=asyncio.Event)
    _started: threading.Event = field(default_factory=threading.Event)
    _ended: threading.Event = field(default_factory=threading.Event)

    @property
    def kept(self) -> list[KeptMail]:
        return self.keeping.kept

    @property
    def tracebacks(self) -> list[Mapping[str, Any]]:
        """Logged tracebacks, and faults on the loop."""
        return [*self.faults, *(one for one in self.logged if one.get("exc_info"))]

    def sessions(self) -> float:
        """Return how many sessions there are, of all listeners of this process."""
        return REGISTRY.get_sample_value("mailroom_ingest_sessions") or 0

    def connect(self, source: str = "127.0.0.1", *, lmtp: bool = False) -> "Client":
        """Connect from an address of this machine, without waiting for a greeting."""
        port = self.settings.lmtp_port if lmtp else self.settings.smtp_port
        return Client(
            socket.create_connection(("127.0.0.1", port), _DEADLINE, source_address=(source, 0))
        )

    def allow_storing(self, *, allowed: bool) -> None:
        """Let the store keep mails, or have it wait."""
        change = self.keeping.may_store.set if allowed else self.keeping.may_store.clear
        self.loop.call_soon_threadsafe(change)

    def stop(self) -> None:
        """Begin to stop, as SIGTERM does."""
        self.loop.call_soon_threadsafe(self._end.set)

    def has_ended(self, *, within: float) -> bool:
        """Say whether the listeners have stopped after so many seconds at the latest."""
        return self._ended.wait(within)

    async def serve(self) -> None:
        self.loop.set_exception_handler(lambda _, context: self.faults.append(context))
        intake = MailIntake(
            self.keeping,
            cast("ConfigurationStore", _FixedConfiguration()),
            self.settings.intake_rules,
            MovableClock(),
        )
        receiver = MailReceiver(intake, self.settings)
        async with listening(receiver, self.settings, self.certificate):
            self._started.set()
            await self._end.wait()
        self._ended.set()

    def wait_until_started(self) -> None:
        assert self._started.wait(_DEADLINE)


class Client:
    """An SMTP client that may send anything, line by line or octet by octet."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines = connection.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._lines.close()
        self._connection.close()

    def send(self, octets: bytes) -> None:
        self._connection.sendall(octets)

    def send_ignoring_errors(self, octets: bytes) -> None:
        """Send octets, also into a closed connection."""
        with suppress(ConnectionError):
            self.send(octets)

    def converse(self, pieces: Sequence[bytes]) -> bytes:
        """Send pieces, each as soon as something was answered to the last; return all answers."""
        heard = b""
        for piece in pieces:
            self.send_ignoring_errors(piece)
            if self.receives_within(0.02):
                with suppress(ConnectionError):
                    heard += self._connection.recv(65_536)
        self.end()
        with suppress(ConnectionError):
            heard += self._lines.read()
        return heard

    def end(self) -> None:
        """Say that nothing follows, and go on listening."""
        with suppress(OSError):  # the other side has closed already
            self._connection.shutdown(socket.SHUT_WR)

    def receives_within(self, seconds: float) -> bool:
        """Say whether anything comes, or the connection ends, within some time."""
        return bool(select.select([self._connection], [], [], seconds)[0])

    def answer(self) -> bytes:
        """Return the last line of the next answer; nothing where the connection has ended."""
        try:
            while (line := self._lines.readline())[3:4] == b"-":
                pass
        except ConnectionError:
            return b""
        return line

    def reply(self) -> bytes:
        """Return all lines of the next answer."""
        lines = [self._lines.readline()]
        while lines[-1][3:4] == b"-":
            lines.append(self._lines.readline())
        return b"".join(lines)

    def code(self) -> int:
        """Return the code of the next answer; 0 where the connection has ended."""
        return int(self.answer()[:3] or b"0")

    def ask(self, command: str) -> int:
        """Return the code that a command is answered with."""
        try:
            self.send(command.encode() + b"\r\n")
        except ConnectionError:
            return 0
        return self.code()

    def greet(self, hello: str = "EHLO client.example") -> Self:
        assert self.code() == 220
        assert self.ask(hello) == 250
        return self

    def greet_again(self, hello: str = "EHLO client.example") -> Self:
        """Say EHLO to a server that has greeted already."""
        assert self.ask(hello) == 250
        return self

    def encrypt(self) -> Self:
        """Ask for TLS and shake hands, with any certificate; nothing is greeted yet."""
        assert self.ask("STARTTLS") == 220
        return self.shake_hands()

    def shake_hands(self) -> Self:
        """Shake hands for TLS on the connection as it is."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._lines.close()
        self._connection = context.wrap_socket(self._connection)
        self._lines = self._connection.makefile("rb")
        return self

    def certificate(self) -> bytes:
        """Return the certificate of the server, as DER."""
        assert isinstance(self._connection, ssl.SSLSocket)
        return self._connection.getpeercert(binary_form=True) or b""

    def address(self, recipient: str = "support@demo.example") -> Self:
        """Name sender and recipient of the next mail."""
        assert self.ask("MAIL FROM:<ann@example.org>") == 250
        assert self.ask(f"RCPT TO:<{recipient}>") == 250
        return self

    def is_hung_up_on(self) -> bool:
        """Read to the end; say whether it came in time."""
        try:
            while self._lines.readline():
                pass
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        return True


Run = Callable[..., RunningListener]
"""Runs the listeners with some settings changed."""


def listener_settings(**changed: Any) -> IngestSettings:
    """Return settings for listeners on free ports."""
    return IngestSettings.model_validate(
        {
            "RABBITMQ_URL": "amqp://unused",
            "MONGODB_URL": "mongodb://unused",
            "smtp_port": free_port(),
            "lmtp_port": free_port(),
            "largest_mail": 2_000_000,
            "storing": 2,
        }
        | changed
    )


@contextmanager
def running_listener(make_loop: LoopFactory, **changed: Any) -> Iterator[RunningListener]:
    """Run the listeners until the context ends."""
    settings = listener_settings(**changed)
    pair = (settings.tls_certificate, settings.tls_key)
    certificate = ServerCertificate(pair[0], pair[1]) if pair[0] and pair[1] else None
    running = RunningListener(settings, make_loop(), _KeepingStore(), certificate)

    def serve() -> None:
        # As the service's process does, it ends the tasks of sessions that were cut off.
        with asyncio.Runner(loop_factory=lambda: running.loop) as runner:
            runner.run(running.serve())

    with structlog.testing.capture_logs() as logged:
        running.logged = logged
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            running.wait_until_started()
            yield running
        finally:
            with suppress(RuntimeError):  # it has been stopped already
                running.allow_storing(allowed=True)
                running.stop()
            thread.join(_DEADLINE)
    assert not thread.is_alive()
