"""The octets of a mail between DATA and the final dot, kept as they are and nothing beside them."""

from asyncio import LimitOverrunError, StreamReader
from typing import Final

_END_OF_LINE: Final = b"\r\n"
_FINAL_DOT: Final = b".\r\n"


class MailTooLargeError(Exception):
    """A mail has more octets than it may have. It was read to its end."""


class LineTooLongError(Exception):
    """A line of a mail is longer than the reader's limit. The mail was read to its end."""


async def read_mail(reader: StreamReader, *, largest: int) -> bytes:
    """Read up to the final dot; return the mail without it and without dots for transparency.

    aiosmtpd keeps an object for each line: fifty times the octets of a mail of empty lines.

    Raises:
        MailTooLargeError: See there.
        LineTooLongError: See there.
    """
    mail = bytearray()
    fault: MailTooLargeError | LineTooLongError | None = None
    is_within_line = False
    while True:
        try:
            line = await reader.readuntil(_END_OF_LINE)
        except LimitOverrunError as error:
            # Nothing of it is kept, but all has to come before it can be refused.
            await reader.read(error.consumed)
            fault, is_within_line = fault or LineTooLongError(), True
            mail.clear()
            continue
        if line == _FINAL_DOT and not is_within_line:
            break
        is_within_line = False
        if fault is None:
            mail += line.removeprefix(b".")
            if len(mail) > largest:
                fault = MailTooLargeError()
                mail.clear()
    if fault is not None:
        raise fault
    return bytes(mail)
