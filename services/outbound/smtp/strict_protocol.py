"""aiosmtplib's protocol, which closes the connection on octets that answer no command.

A server replies once to each command (RFC 5321, 4.1.1.10 and 3.8). Surplus octets would be read as
the reply to the next command, and shift every later reply. Before TLS they may come from an
attacker.
"""

import aiosmtplib.smtp
from aiosmtplib import SMTP
from aiosmtplib.protocol import SMTPProtocol

__all__ = ["SMTP", "StrictProtocol"]


class StrictProtocol(SMTPProtocol):
    """Closes the connection at the first octet behind an expected reply; that reply counts."""

    def data_received(self, data: bytes) -> None:
        """Pass octets to aiosmtplib, then close if they are more than one reply."""
        awaits_answer = self._awaits_answer
        super().data_received(data)
        is_complete = not self._awaits_answer
        if (not awaits_answer or (is_complete and self._buffer)) and self.transport is not None:
            self.transport.close()

    @property
    def _awaits_answer(self) -> bool:
        waiter = self._response_waiter
        return self._response_pending and waiter is not None and not waiter.done()


# aiosmtplib creates its protocol by this module-level name and has no parameter for it.
aiosmtplib.smtp.SMTPProtocol = StrictProtocol  # type: ignore[attr-defined]
