"""The octets of a mail as they come over a connection."""

import tracemalloc
from asyncio import StreamReader

import pytest

from services.ingest.smtp.mail_data import LineTooLongError, read_mail
from shared.intake.refusals import MailTooLargeError

LIMIT = 1_000


async def read(octets: bytes, *, largest: int = 1_000_000) -> tuple[bytes, bytes]:
    """Return the mail, and what follows it."""
    reader = StreamReader(limit=LIMIT)
    reader.feed_data(octets)
    reader.feed_eof()
    return await read_mail(reader, largest=largest), await reader.read()


@pytest.mark.parametrize(
    ("sent", "mail"),
    [
        (b".\r\n", b""),
        (b"a\r\n.\r\n", b"a\r\n"),
        (b"..\r\n..a\r\n.b\r\n.\r\n", b".\r\n.a\r\nb\r\n"),
        (b"a\n.\nb\r.\rc\r\n.\r\n", b"a\n.\nb\r.\rc\r\n"),
        (b"\0\xff\r\n.\r\n", b"\0\xff\r\n"),
        (b"a\n.\r\n.\r\n", b"a\n.\r\n"),
    ],
)
async def test_a_mail_ends_with_a_dot_on_a_line_of_its_own(sent: bytes, mail: bytes) -> None:
    assert await read(sent + b"QUIT\r\n") == (mail, b"QUIT\r\n")


async def test_a_mail_that_is_too_large_is_read_to_its_end() -> None:
    reader = StreamReader(limit=LIMIT)
    reader.feed_data(b"x" * 98 + b"\r\n" + b"y\r\n.\r\nQUIT\r\n")

    with pytest.raises(MailTooLargeError):
        await read_mail(reader, largest=100)

    assert await reader.readuntil(b"\r\n") == b"QUIT\r\n"


async def test_a_mail_of_the_largest_size_is_taken() -> None:
    mail, _ = await read(b"." + b"." * 97 + b"x\r\n.\r\n", largest=100)

    assert len(mail) == 100


@pytest.mark.parametrize("rest", [b".\r\n", b"\r\n"], ids=["dot", "end of line"])
async def test_the_rest_of_a_long_line_is_no_final_dot(rest: bytes) -> None:
    reader = StreamReader(limit=LIMIT)
    reader.feed_data(b"x" * (2 * LIMIT) + rest + b"more\r\n.\r\nQUIT\r\n")

    with pytest.raises(LineTooLongError):
        await read_mail(reader, largest=1_000_000)

    assert await reader.readuntil(b"\r\n") == b"QUIT\r\n"


async def test_a_mail_of_empty_lines_takes_no_more_than_its_octets() -> None:
    reader = StreamReader(limit=LIMIT)
    reader.feed_data(b"\r\n" * 20_000 + b".\r\n")
    tracemalloc.start()

    mail = await read_mail(reader, largest=1_000_000)

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(mail) == 40_000
    assert most < 6 * len(mail)
