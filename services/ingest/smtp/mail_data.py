"""Reads the octets of a mail between DATA and the final dot, unchanged.

Nothing here goes from line to line: a mail of short lines would take fifty times the processor time
of a plain one.
"""

from asyncio import LimitOverrunError, StreamReader
from typing import Final

from shared.intake.refusals import MailTooLargeError

_END_OF_LINE: Final = b"\r\n"
_DOT: Final = b"."
_END_OF_MAIL: Final = b"\r\n.\r\n"
_OWN_TO_END: Final = len(b".\r\n")


class LineTooLongError(Exception):
    """A line is longer than the limit. The mail has been read to its end."""


async def read_mail(reader: StreamReader, *, largest: int, longest_line: int) -> bytes:
    """Read up to the final dot; return the mail without it and without doubled leading dots.

    aiosmtpd's own reader keeps an object for each line, which takes fifty times the octets of a
    mail of empty lines.

    Raises:
        MailTooLargeError: The mail has more octets than `largest`. It has been read to its end.
        LineTooLongError: A line has more octets than `longest_line`. It has been read to its end.
    """
    # The end of the line of DATA was read with the command, but the final dot may come right after
    # it. A reader takes nothing back.
    reader._buffer[:0] = _END_OF_LINE  # type: ignore[attr-defined] # noqa: SLF001 - there is no other way
    mail = _MailOctets(largest, longest_line)
    while True:
        try:
            mail.add((await reader.readuntil(_END_OF_MAIL))[:-_OWN_TO_END])
            break
        except LimitOverrunError as error:
            mail.add(await reader.readexactly(error.consumed))
    return mail.finish()


class _MailOctets:
    """The lines of a mail, each with the line end before it, as they come in pieces.

    SMTP allows a refusal only after the final dot, so a mail that is refused is read and dropped.
    """

    def __init__(self, largest: int, longest_line: int) -> None:
        self._largest = largest
        self._longest_line = longest_line
        self._mail = bytearray()
        self._last_line = b""
        self._fault: MailTooLargeError | LineTooLongError | None = None

    def add(self, octets: bytes) -> None:
        """Add a piece; the first one begins with a line end."""
        if self._fault is not None:
            return
        octets = self._last_line + octets
        cut = octets.rfind(_END_OF_LINE)
        lines, self._last_line = octets[:cut], octets[cut:]
        if self._has_longer_line(lines) or self._has_longer_line(self._last_line):
            self._refuse(LineTooLongError())
            return
        self._mail += lines.replace(_END_OF_LINE + _DOT, _END_OF_LINE)
        # The first line end is none of the mail, and the one that is still to come is.
        if len(self._mail) > self._largest:
            self._refuse(MailTooLargeError())

    def finish(self) -> bytes:
        """Return the mail, or raise why it is refused."""
        if self._fault is not None:
            raise self._fault
        self._mail += self._last_line
        del self._mail[: len(_END_OF_LINE)]
        return bytes(self._mail)

    def _refuse(self, fault: MailTooLargeError | LineTooLongError) -> None:
        self._fault = fault
        self._mail.clear()

    def _has_longer_line(self, lines: bytes) -> bool:
        """Tell whether a line is too long, in steps from one line end to the last one it allows."""
        begin = len(_END_OF_LINE)
        while len(lines) - begin > self._longest_line + 1:  # half an end of line may be the last
            end = lines.rfind(_END_OF_LINE, begin, begin + self._longest_line + len(_END_OF_LINE))
            if end < 0:
                return True
            begin = end + len(_END_OF_LINE)
        return False
