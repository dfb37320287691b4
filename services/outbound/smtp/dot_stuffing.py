"""A mail's octets as DATA needs them: CRLF line ends, dots doubled (RFC 5321 section 4.5.2)."""

import re
from collections.abc import AsyncIterator
from typing import Final

_BARE_END: Final = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_LEADING_DOT: Final = re.compile(rb"\n\.")
_EMPTY_LINE: Final = re.compile(rb"\r?\n\r?\n")
_BLOCK: Final = 2**16


class DotStuffing:
    """Doubles leading dots in a mail that comes in pieces, cut anywhere.

    Bare CR and LF become CRLF. A frozen mail has none, but a server that takes a bare one for a
    line end could be made to see the final dot, and another mail behind it (SMTP smuggling).
    """

    def __init__(self) -> None:
        self._held = b""
        self._end = b"\r\n"

    def feed(self, piece: bytes) -> bytes:
        """Return the octets to send now; a CR at the end of the piece is held back for the next."""
        piece = self._held + piece
        self._held = b"\r" if piece.endswith(b"\r") else b""
        return self._stuffed(piece[: len(piece) - len(self._held)])

    def finish(self) -> bytes:
        """Return the rest, up to the end of the last line; the final dot is not part of it."""
        rest = self._stuffed(self._held)
        self._held = b""
        return rest if self._end == b"\r\n" else rest + b"\r\n"

    def _stuffed(self, piece: bytes) -> bytes:
        if not piece:
            return b""
        piece = _BARE_END.sub(b"\r\n", piece)
        at_line_start = self._end == b"\r\n"
        self._end = (self._end + piece)[-2:]
        stuffed = _LEADING_DOT.sub(b"\n..", piece)
        return b"." + stuffed if at_line_start and stuffed.startswith(b".") else stuffed


async def stuffed(source: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield a mail's pieces as they are sent, without the final dot."""
    stuffing = DotStuffing()
    async for piece in source:
        yield stuffing.feed(piece)
    yield stuffing.finish()


async def in_blocks(source: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Cut pieces into blocks of 64 KiB, so that each can have a deadline (RFC 5321, 4.5.3.2.5)."""
    async for piece in source:
        for at in range(0, len(piece), _BLOCK):
            yield piece[at : at + _BLOCK]


async def header_of(source: AsyncIterator[bytes]) -> bytes:
    """Return the octets before the first empty line; read no further than that."""
    header = b""
    async for piece in source:
        header += piece
        end = _EMPTY_LINE.search(header)
        if end:
            return header[: end.start()]
    return header
