"""STARTTLS for aiosmtpd's session, on the loop's `start_tls` (RFC 3207).

aiosmtpd's own stands on a private class of asyncio in place of uvloop's, and starts the protocol a
second time. It drops commands that came before the handshake; here they end the session, because
somebody between client and server has put them in.

Production runs on uvloop, whose transports are not instances of `asyncio.Transport`, so the code
casts instead of checking the class.
"""

import asyncio
import ssl
from typing import TYPE_CHECKING, Any, Final, cast

from aiosmtpd.smtp import SMTP, syntax
from prometheus_client import Counter

from services.ingest.settings import IngestSettings
from services.ingest.smtp import replies

if TYPE_CHECKING:
    from services.ingest.smtp.server_certificate import ServerCertificate

HANDSHAKES: Final = Counter(
    "mailroom_ingest_tls_handshakes_total", "TLS handshakes after STARTTLS", ["outcome"]
)


class StartTlsSession(SMTP):
    """aiosmtpd's session with our own STARTTLS, and a close that does not wait for the peer.

    Without a `certificate` it offers no TLS.
    """

    def __init__(
        self,
        handler: object,
        *,
        settings: IngestSettings,
        certificate: "ServerCertificate | None",
        **aiosmtpds: Any,
    ) -> None:
        context = certificate.context() if certificate else None
        super().__init__(handler, tls_context=context, **aiosmtpds)
        self._settings = settings
        self._is_in_handshake = False

    def close_with(self, reason: bytes) -> None:
        """Write a last reply and close the connection."""
        transport = cast("asyncio.WriteTransport | None", self.transport)
        if transport is None or transport.is_closing():
            return
        if self._is_in_handshake:
            transport.abort()
            return
        transport.write(reason)
        transport.close()
        # `close` waits until all is written, which never happens if the peer does not read.
        self.loop.call_later(self._settings.flushing.total_seconds(), transport.abort)

    @syntax("STARTTLS", when="tls_context")
    async def smtp_STARTTLS(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """Go on encrypted, in a state as after the greeting (RFC 3207 section 4.2)."""
        if refusal := self._refuse_tls(arg):
            await self.push(refusal)
            return
        if self._reader._buffer:  # type: ignore[attr-defined] # noqa: SLF001 - there is no other way to see it
            # They would count as encrypted.
            self.close_with(replies.SAID_TOO_EARLY)
            raise ConnectionResetError("commands after STARTTLS")
        plain = cast("asyncio.Transport", self.transport)
        plain.pause_reading()  # what comes from here on is for the handshake
        await self.push(replies.TLS_READY)
        self._go_on_with(await self._encrypt(plain))

    def _refuse_tls(self, arg: str | None) -> str:
        if arg:
            return replies.NO_TLS_ARGUMENT
        if self.tls_context is None:
            return replies.NO_TLS
        return replies.TLS_ALREADY if self._tls_protocol is not None else ""

    async def _encrypt(self, plain: asyncio.Transport) -> asyncio.Transport:
        self._is_in_handshake = True
        try:
            encrypted = await self.loop.start_tls(
                plain,
                self,
                cast("ssl.SSLContext", self.tls_context),
                server_side=True,
                ssl_handshake_timeout=self._settings.handshake.total_seconds(),
                ssl_shutdown_timeout=self._settings.flushing.total_seconds(),
            )
            if encrypted is None:
                raise ConnectionResetError("the peer left within the handshake")
        except (OSError, RuntimeError) as error:  # ssl.SSLError and TimeoutError are OSErrors
            HANDSHAKES.labels("failed").inc()
            plain.abort()
            self.loop.call_soon(self.connection_lost, None)  # nobody else does after a handshake
            raise ConnectionResetError("the TLS handshake failed") from error
        finally:
            self._is_in_handshake = False
        HANDSHAKES.labels("done").inc()
        return encrypted

    def _go_on_with(self, encrypted: asyncio.Transport) -> None:
        peer = self.session.peer if self.session else None
        self.transport = encrypted
        self._reader._transport = self._writer._transport = encrypted  # type: ignore[attr-defined] # noqa: SLF001 - as aiosmtpd does
        self._tls_protocol = cast("Any", encrypted)  # aiosmtpd only asks whether it is there
        self._set_rset_state()  # type: ignore[no-untyped-call]
        self.session = self._create_session()
        self.session.peer = peer
        self.session.ssl = encrypted.get_extra_info("ssl_object")
        self._reset_timeout()
