"""IMAPClient over a connection whose answers are bounded, and which another thread can cut.

The standard library reads a literal of any size that a server announces, and buffers lines where
nobody sees them. `AnswerReader` replaces its buffer.
"""

import imaplib
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from typing import Any, Final

from imapclient import IMAPClient
from imapclient.imapclient import _normalise_search_criteria

_PIECE: Final = 64 * 1024
_IN_GREETING: Final = 64_000
_MOST_LINES: Final = 100_000
"""Lines of one answer. The library takes longer for a line than for the octets in it."""


class AnswerTooLargeError(Exception):
    """The answer to a command is larger than this client reads; the connection is useless."""


class AnswerReader:
    """Reads lines and literals from a socket, no more octets than the last command may bring."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._buffer = bytearray()
        self._allowed = _IN_GREETING
        self._lines_allowed = _MOST_LINES

    def allow(self, octets: int) -> None:
        """Set how many octets, and a hundred thousand lines, may come until the next call."""
        self._allowed = octets
        self._lines_allowed = _MOST_LINES

    def has_data(self) -> bool:
        """Say whether octets were received that nobody has read, so that no poll shows them."""
        is_tls = isinstance(self._socket, ssl.SSLSocket)
        return bool(self._buffer) or (is_tls and self._socket.pending() > 0)  # type: ignore[attr-defined]

    def line(self) -> bytes:
        """Return the next line with its end; a shorter one, or none, if the connection ended."""
        self._lines_allowed -= 1
        if self._lines_allowed < 0:
            raise AnswerTooLargeError
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > self._allowed:
                raise AnswerTooLargeError
            if not self._receive():
                end = searched - 1
                break
        return self._take(end + 1)

    def literal(self, size: int) -> bytes:
        """Return that many octets; fewer if the connection ended."""
        if size > self._allowed:
            raise AnswerTooLargeError
        # Its value is no copy, as that of a bytearray would be: mails are large.
        whole = BytesIO()
        whole.write(self._take(min(size, len(self._buffer))))
        while (missing := size - whole.tell()) > 0:
            if not (received := self._socket.recv(min(missing, _PIECE))):
                break
            self._allowed -= whole.write(received)
        return whole.getvalue()

    def _receive(self) -> int:
        received = self._socket.recv(_PIECE)
        self._buffer += received
        return len(received)

    def _take(self, octets: int) -> bytes:
        self._allowed -= octets
        if self._allowed < 0:
            raise AnswerTooLargeError
        taken = bytes(memoryview(self._buffer)[:octets])
        del self._buffer[:octets]
        return taken


class Cutoff:
    """The socket of a session, which any thread can cut off."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self.is_cut = False

    def hold(self, sock: socket.socket) -> None:
        """Remember the socket that is in use now."""
        self._socket = sock
        if self.is_cut:
            self.cut()

    def cut(self) -> None:
        """End the connection; a thread that waits for it gets an error."""
        self.is_cut = True
        if self._socket is not None:
            with suppress(OSError):
                # Not the method of a TLS socket, which would first forget its encryption.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class BoundedConnection(imaplib.IMAP4):
    """The standard library's client with an `AnswerReader`, over TLS if a context is given."""

    def __init__(
        self, host: str, port: int, timeout: float, context: ssl.SSLContext | None, cutoff: Cutoff
    ) -> None:
        self._deadline = timeout
        self._context = context
        self._cutoff = cutoff
        super().__init__(host, port, timeout)

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
        """Connect, and secure the connection if it is to be secure from the beginning."""
        self.host, self.port = host, port
        self.sock: socket.socket = socket.create_connection((host, port), timeout)
        # Known before the handshake, so that a server that stalls in it can be cut off.
        self._cutoff.hold(self.sock)
        self.reader = AnswerReader(self.sock)
        if self._context:
            self._wrap(self._context)

    def encrypt(self, context: ssl.SSLContext) -> None:
        """Secure the connection by STARTTLS.

        Raises:
            IMAP4.error: The server refuses.
            IMAP4.abort: It sent more before the handshake, which anybody could have put there.
        """
        typ, _ = self._simple_command("STARTTLS")
        if typ != "OK":
            raise self.error("the server refuses STARTTLS")
        if self.reader.has_data():
            raise self.abort("unprotected data after STARTTLS")
        self._wrap(context)
        self.untagged_responses: dict[str, Any] = {}
        self._get_capabilities()

    def _wrap(self, context: ssl.SSLContext) -> None:
        plain = self.sock
        try:
            self.sock = context.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise
        self._cutoff.hold(self.sock)
        self.reader = AnswerReader(self.sock)

    def read(self, size: int) -> bytes:
        """Return a literal of the server.

        Raises:
            IMAP4.abort: The connection ended in the middle of it.
        """
        octets = self.reader.literal(size)
        if len(octets) < size:
            raise self.abort("the connection ended within a literal")
        return octets

    def readline(self) -> bytes:
        """Return a line of the server."""
        return self.reader.line()

    def shutdown(self) -> None:
        """Close the connection."""
        self._cutoff.cut()
        self.sock.close()


class BoundedClient(IMAPClient):  # type: ignore[misc]
    """IMAPClient over a bounded connection; its dates keep their time zones."""

    def __init__(
        self, host: str, port: int, timeout: float, context: ssl.SSLContext | None, cutoff: Cutoff
    ) -> None:
        self._cutoff = cutoff
        super().__init__(host, port, ssl=context is not None, ssl_context=context, timeout=timeout)
        # The library would format every octet for its debug log.
        self._imap.debug = 0
        self.normalise_times = False

    @property
    def connection(self) -> BoundedConnection:
        """The connection below."""
        found: BoundedConnection = self._imap
        return found

    def answers_to_search(self, criteria: Sequence[object]) -> Sequence[bytes | None]:
        """Return the answers as they came.

        The library's own `search` makes an object of each number, all at the same time.

        Raises:
            IMAP4.error: The server refuses.
        """
        asked = _normalise_search_criteria(criteria)
        answers: list[bytes | None] = self._raw_command_untagged(b"SEARCH", asked)
        return answers

    def _create_IMAP4(self) -> BoundedConnection:  # noqa: N802 - the library's name
        return BoundedConnection(
            self.host, self.port, self._timeout.connect, self.ssl_context, self._cutoff
        )
