"""An SMTP server that accepts every mail, keeps it as a file, and delivers it nowhere."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.processes.log import Log


@dataclass(frozen=True, slots=True)
class SentMail:
    """One mail as it left: the envelope, and the file that holds its octets."""

    sender: str
    recipients: tuple[str, ...]
    file: Path


class MailSink:
    """Keeps what arrives in `folder` and hands it on in `arrivals`, oldest first."""

    def __init__(self, folder: Path, port: int, log: Log) -> None:
        self._folder = folder
        self._port = port
        self._log = log
        self._count = 0
        self._connected: WeakSet[SMTP] = WeakSet()
        self._server: asyncio.Server | None = None
        self.arrivals: asyncio.Queue[SentMail] = asyncio.Queue()
        folder.mkdir(parents=True, exist_ok=True)

    async def listen(self) -> None:
        """Take mail on 127.0.0.1 from now on."""
        loop = asyncio.get_running_loop()

        def connected() -> SMTP:
            smtp = SMTP(
                self, hostname="sink.localhost", loop=loop, enable_SMTPUTF8=True, data_size_limit=0
            )
            self._connected.add(smtp)
            return smtp

        self._server = await loop.create_server(
            connected,
            host="127.0.0.1",
            port=self._port,
            family=socket.AF_INET,
        )

    def close(self) -> None:
        """End all connections and refuse new ones from now on, as a server that is down does."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for smtp in self._connected:
            if smtp.transport is not None:
                smtp.transport.close()

    async def handle_DATA(  # noqa: N802 - the name aiosmtpd calls
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep one mail, announce the file's name, and accept it."""
        file = self._folder / self._next_name()
        file.write_bytes(bytes(envelope.original_content or b""))
        self._log.write("sink", f"a mail left: {file.name}")
        sender = envelope.mail_from or ""
        self.arrivals.put_nowait(SentMail(sender, tuple(envelope.rcpt_tos), file))
        return "250 2.0.0 kept"

    def _next_name(self) -> str:
        self._count += 1
        return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{self._count:04}.eml"


@asynccontextmanager
async def mail_sink(folder: Path, port: int, log: Log) -> AsyncIterator[MailSink]:
    """Give a sink that listens on 127.0.0.1 at `port` while the block runs."""
    sink = MailSink(folder, port, log)
    await sink.listen()
    try:
        yield sink
    finally:
        sink.close()
