"""What one transaction carries, and what it asks of a server beyond ASCII."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from services.outbound.smtp.dot_stuffing import header_of


@dataclass(frozen=True, slots=True)
class SmtpMessage:
    """The envelope, the size in octets, and the octets, which may be read several times."""

    sender: str
    recipients: Sequence[str]
    size: int
    octets: Callable[[], AsyncIterator[bytes]]

    @property
    def is_addressed_in_ascii(self) -> bool:
        """Say whether any server can read the envelope."""
        return all(map(str.isascii, (self.sender, *self.recipients)))

    async def has_utf8_headers(self) -> bool:
        """Say whether the headers are those of RFC 6532, and not in some old charset."""
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
