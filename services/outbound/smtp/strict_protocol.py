"""aiosmtplib's protocol, strict about what comes when nothing was asked.

RFC 5321 (4.1.1.10, 3.8) lets a server speak when it is spoken to, and once for each command that
we send. Octets beyond that would be taken for the answer to the next command, and so on for every
later one. Before TLS begins they may be an attacker's.
"""

import aiosmtplib.smtp
from aiosmtplib import SMTP
from aiosmtplib.protocol import SMTPProtocol

__all__ = ["SMTP", "StrictProtocol"]


class StrictProtocol(SMTPProtocol):
    """Ends the connection with the first octet that is no part of an answer.

    The answer before it counts.
    """

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        awaits_answer = self._awaits_answer
        super().data_received(data)
        is_complete = not self._awaits_answer
        if (not awaits_answer or (is_complete and self._buffer)) and self.transport is not None:
            self.transport.close()

    @property
    def _awaits_answer(self) -> bool:
        waiter = self._response_waiter
        return self._response_pending and waiter is not None and not waiter.done()


# aiosmtplib makes its protocol by this name, and takes no other.
aiosmtplib.smtp.SMTPProtocol = StrictProtocol  # type: ignore[attr-defined]
