"""The octets of a mail as they come over a connection."""

import asyncio
import tracemalloc
from asyncio import StreamReader
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.smtp.mail_data import LineTooLongError, read_mail
from shared.intake.refusals import MailTooLargeError

LIMIT = 1_000


async def read(octets: bytes, *, largest: int = 1_000_000) -> tuple[bytes, bytes]:
    """Return the mail, and what follows it."""
    reader = StreamReader(limit=LIMIT)
    reader.feed_data(octets)
    reader.feed_eof()
    return await read_mail(reader, largest=largest, longest_line=LIMIT), await reader.read()


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
        await read_mail(reader, largest=100, longest_line=LIMIT)

    assert await reader.readuntil(b"\r\n") == b"QUIT\r\n"


async def test_a_mail_of_the_largest_size_is_taken() -> None:
    mail, _ = await read(b"." + b"." * 97 + b"x\r\n.\r\n", largest=100)

    assert len(mail) == 100


@pytest.mark.parametrize("rest", [b".\r\n", b"\r\n"], ids=["dot", "end of line"])
async def test_the_rest_of_a_long_line_is_no_final_dot(rest: bytes) -> None:
    reader = StreamReader(limit=LIMIT)
    reader.feed_data(b"x" * (2 * LIMIT) + rest + b"more\r\n.\r\nQUIT\r\n")

    with pytest.raises(LineTooLongError):
        await read_mail(reader, largest=1_000_000, longest_line=LIMIT)

    assert await reader.readuntil(b"\r\n") == b"QUIT\r\n"


async def test_a_mail_of_empty_lines_takes_no_more_than_its_octets() -> None:
    reader = StreamReader(limit=LIMIT)
    reader.feed_data(b"\r\n" * 20_000 + b".\r\n")
    tracemalloc.start()

    mail = await read_mail(reader, largest=1_000_000, longest_line=LIMIT)

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(mail) == 40_000
    assert most < 6 * len(mail)


@pytest.mark.parametrize("more", [0, 1, 2])
async def test_a_line_may_have_as_many_octets_as_the_limit(more: int) -> None:
    line = b"x" * (LIMIT + more) + b"\r\n"
    sent = b"a\r\n" * 700 + line + b"a\r\n" * 700

    if more:
        with pytest.raises(LineTooLongError):
            await read(sent + b".\r\nQUIT\r\n")
    else:
        assert await read(sent + b".\r\nQUIT\r\n") == (sent, b"QUIT\r\n")


LINES = st.lists(
    st.one_of(
        st.sampled_from([b"", b".", b"..", b"\r", b"\n", b".\r", b"\r.", b"\n.\n"]),
        st.integers(0, 2 * LIMIT + 3).map(lambda size: b"x" * size),
        st.binary(max_size=8),
    ),
    max_size=12,
)


@given(lines=LINES, cuts=st.lists(st.integers(1, 1_500), max_size=12))
def test_any_mail_in_any_pieces_is_read_as_it_was_written(
    lines: list[bytes], cuts: list[int]
) -> None:
    mail = b"".join(line + b"\r\n" for line in lines)
    lines = mail.split(b"\r\n")  # what was made up may hold line ends itself
    stuffed = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines)
    sent = stuffed + b".\r\nQUIT\r\n"
    pieces: list[bytes] = []
    for cut in cuts:
        pieces, sent = [*pieces, sent[:cut]], sent[cut:]

    async def outcome() -> object:
        reader = StreamReader(limit=LIMIT)
        reading = asyncio.create_task(read_mail(reader, largest=1_000_000, longest_line=LIMIT))
        for piece in (*pieces, sent):
            reader.feed_data(piece)
            await asyncio.sleep(0)
        try:
            mail = await reading
        except LineTooLongError:
            mail = b"too long"
        return mail, await reader.readuntil(b"\r\n")

    is_too_long = max(map(len, stuffed.split(b"\r\n"))) > LIMIT
    assert asyncio.run(outcome()) == (b"too long" if is_too_long else mail, b"QUIT\r\n")


async def seconds_for(line: bytes) -> float:
    """Return the processor time that reading 4 MB of a line takes."""
    reader = StreamReader(limit=65_536)
    reader.feed_data(line * (4_000_000 // len(line)) + b".\r\n")
    began = thread_time()
    await read_mail(reader, largest=5_000_000, longest_line=65_536)
    return thread_time() - began


async def test_a_mail_of_empty_lines_takes_little_more_time_than_another() -> None:
    plain = await seconds_for(b"x" * 98 + b"\r\n")

    # Line by line, as it once was, empty lines took fifty times as long.
    assert await seconds_for(b"\r\n") < 12 * plain + 0.05
