"""The envelope and the octets of one transaction, and the SMTP extensions that they need."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from services.outbound.smtp.dot_stuffing import header_of


@dataclass(frozen=True, slots=True)
class SmtpMessage:
    """The envelope, the size in octets, and `octets`, which returns the mail anew at each call.

    With `envelope_id`, a server that can report on deliveries (RFC 3461) is asked to name it.
    """

    sender: str
    recipients: Sequence[str]
    size: int
    octets: Callable[[], AsyncIterator[bytes]]
    envelope_id: str = ""

    @property
    def is_addressed_in_ascii(self) -> bool:
        """Say whether the envelope needs no SMTPUTF8 (RFC 6531)."""
        return all(map(str.isascii, (self.sender, *self.recipients)))

    async def has_utf8_headers(self) -> bool:
        """Say whether the headers hold UTF-8 beyond ASCII (RFC 6532), and no other charset."""
        header = await header_of(self.octets())
        return not header.isascii() and _is_utf8(header)

    async def is_seven_bit(self) -> bool:
        """Say whether the whole mail is ASCII; reads all of it."""
        async for piece in self.octets():
            if not piece.isascii():
                return False
        return True


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True
