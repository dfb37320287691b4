"""Reads the octets of a mail between DATA and the final dot, unchanged."""

from asyncio import LimitOverrunError, StreamReader
from typing import Final

from shared.intake.refusals import MailTooLargeError

_END_OF_LINE: Final = b"\r\n"
_FINAL_DOT: Final = b".\r\n"


class LineTooLongError(Exception):
    """A line is longer than the reader's limit. The mail has been read to its end."""


async def read_mail(reader: StreamReader, *, largest: int) -> bytes:
    """Read up to the final dot; return the mail without it and without doubled leading dots.

    aiosmtpd's own reader keeps an object for each line, which takes fifty times the octets of a
    mail of empty lines.

    Raises:
        MailTooLargeError: The mail has more octets than `largest`. It has been read to its end.
        LineTooLongError: A line is longer than the reader's limit.
    """
    mail = bytearray()
    fault: MailTooLargeError | LineTooLongError | None = None
    is_within_line = False
    while True:
        try:
            line = await reader.readuntil(_END_OF_LINE)
        except LimitOverrunError as error:
            # SMTP allows the refusal only after the final dot, so the rest is read and dropped.
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
