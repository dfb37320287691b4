"""Reading in a process that can be killed."""

import asyncio
import os
import signal
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from services.ingest.parser.isolated_parser import (
    IsolatedParser,
    ParserBusyError,
    ParserKilledError,
)
from services.ingest.parser.parsed_mail_json import load
from services.ingest.parser.pipe_framing import (
    ANSWER,
    READ,
    REFUSED,
    STARTED,
    pack_head,
    unpack_request,
)
from services.ingest.parser.worker import handle
from shared.mail.limits import UnparsableMailError
from shared.mail.parsed_mail import ParsedMail
from shared.mail.parsing.parser import parse_mail
from shared.mail.sections.reader import bounded_sections
from tests.unit.mail.mails import mail

LETTER = mail(b"Subject: hello\r\nMessage-ID: <1@client.example>\r\n")
TOO_MANY_PARTS = mail(b"Content-Type: multipart/mixed; boundary=b\r\n", b"--b\r\n\r\nx\r\n" * 2_000)


def with_sections(raw: bytes) -> ParsedMail:
    mail = parse_mail(raw)
    return replace(mail, sections=bounded_sections(mail.text))


@pytest.fixture
async def parser() -> AsyncIterator[IsolatedParser]:
    async with IsolatedParser() as started:
        yield started


def children(parser: IsolatedParser) -> set[int]:
    return {child.pid for child in parser._running}


async def test_a_mail_reads_the_same_as_in_this_process(parser: IsolatedParser) -> None:
    assert await parser.parse(LETTER) == with_sections(LETTER)


async def test_the_envelope_sender_reaches_the_reader(parser: IsolatedParser) -> None:
    assert (await parser.parse(LETTER, envelope_sender="")).automatic == "null envelope sender"
    assert (await parser.parse(LETTER, envelope_sender="ann@client.example")).automatic is None


async def test_each_child_reads_many_mails(parser: IsolatedParser) -> None:
    await parser.parse(LETTER)
    first = children(parser)

    await asyncio.gather(*(parser.parse(LETTER) for _ in range(20)))

    assert children(parser) >= first
    assert len(children(parser)) == 2


async def test_slow_mails_leave_a_child_to_the_others(parser: IsolatedParser) -> None:
    await parser.parse(LETTER)
    (first,) = children(parser)
    os.kill(first, signal.SIGSTOP)
    hanging = asyncio.create_task(parser.parse(LETTER, slow=True))
    await asyncio.wait([hanging], timeout=0)

    with pytest.raises(ParserBusyError):
        await parser.parse(LETTER, slow=True)

    assert (await parser.parse(LETTER)).subject == "hello"
    os.kill(first, signal.SIGCONT)
    assert (await hanging).subject == "hello"
    assert (await parser.parse(LETTER, slow=True)).subject == "hello"


async def test_mail_that_was_not_quick_has_the_deadline_as_a_slow_one() -> None:
    async with IsolatedParser(quick=timedelta(microseconds=1)) as parser:
        with pytest.raises(ParserKilledError, match="deadline"):
            await parser.parse(LETTER)

        assert (await parser.parse(LETTER, slow=True)).subject == "hello"


async def test_slow_start_takes_no_time_from_a_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    spawn = asyncio.create_subprocess_exec
    late = ("/bin/sh", "-c", 'sleep 2; exec "$@"', "sh")
    monkeypatch.setattr(
        asyncio, "create_subprocess_exec", lambda *words, **more: spawn(*late, *words, **more)
    )

    async with IsolatedParser(quick=timedelta(seconds=1)) as parser:
        assert (await parser.parse(LETTER)).subject == "hello"


async def test_caller_that_gives_up_a_start_leaves_no_child(
    parser: IsolatedParser, monkeypatch: pytest.MonkeyPatch
) -> None:
    spawned = asyncio.Event()
    spawn = parser._spawn

    async def spawn_and_tell() -> Process:
        child = await spawn()
        spawned.set()
        return child

    monkeypatch.setattr(parser, "_spawn", spawn_and_tell)
    starting = asyncio.create_task(parser.parse(LETTER))
    await spawned.wait()
    starting.cancel()
    await asyncio.wait([starting])

    assert children(parser) == set()


def test_a_parser_of_one_process_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        IsolatedParser(processes=1)


async def test_a_mail_above_a_limit_leaves_the_child_alive(parser: IsolatedParser) -> None:
    await parser.parse(LETTER)
    first = children(parser)

    with pytest.raises(UnparsableMailError, match="more than 1000 parts"):
        await parser.parse(TOO_MANY_PARTS)

    assert children(parser) == first


async def test_a_large_mail_fits_through_the_pipe(parser: IsolatedParser) -> None:
    body = b"x" * 70 + b"\r\n"

    raw = mail(b"", body * 150_000)

    parsed = await parser.parse(raw)

    assert parsed.text.startswith(("x" * 70 + "\n") * 10_000)
    assert [one.size for one in parsed.attachments] == [len(raw)]


async def test_a_reader_that_passes_the_deadline_is_killed() -> None:
    async with IsolatedParser(deadline=timedelta(microseconds=1)) as parser:
        with pytest.raises(ParserKilledError, match="deadline"):
            await parser.parse(LETTER)

        assert children(parser) == set()


async def test_a_reader_that_dies_is_reported_and_replaced(parser: IsolatedParser) -> None:
    await parser.parse(LETTER)
    (first,) = children(parser)
    os.kill(first, signal.SIGSTOP)
    reading = asyncio.create_task(parser.parse(LETTER))
    await asyncio.wait([reading], timeout=0)
    os.kill(first, signal.SIGKILL)

    with pytest.raises(ParserKilledError, match="died"):
        await reading

    assert (await parser.parse(LETTER)).subject == "hello"
    assert first not in children(parser)


async def test_a_reader_may_not_take_all_memory() -> None:
    async with IsolatedParser(memory=64 * 1024 * 1024) as parser:
        with pytest.raises((ParserKilledError, UnparsableMailError)):
            await parser.parse(mail(b"", b"x" * 40_000_000))

        assert (await parser.parse(LETTER)).subject == "hello"


async def test_a_caller_that_gives_up_does_not_disturb_the_next(parser: IsolatedParser) -> None:
    await parser.parse(LETTER)
    (first,) = children(parser)
    os.kill(first, signal.SIGSTOP)
    abandoned = asyncio.create_task(parser.parse(mail(b"Subject: abandoned\r\n")))
    await asyncio.wait([abandoned], timeout=0)
    abandoned.cancel()
    await asyncio.wait([abandoned])

    assert (await parser.parse(LETTER)).subject == "hello"


async def test_signals_to_the_process_group_leave_the_decision_to_the_parent(
    parser: IsolatedParser,
) -> None:
    await parser.parse(LETTER)
    (child,) = children(parser)

    os.kill(child, signal.SIGTERM)
    os.kill(child, signal.SIGINT)

    assert (await parser.parse(LETTER)).subject == "hello"
    assert children(parser) == {child}


async def test_closing_ends_the_children() -> None:
    parser = IsolatedParser(processes=2)
    await asyncio.gather(parser.parse(LETTER), parser.parse(LETTER))
    running = tuple(parser._running)

    await parser.close()

    assert len(running) == 2
    assert all(child.returncode == -signal.SIGKILL for child in running)


def test_the_child_answers_on_its_pipe_and_ends_with_it() -> None:
    request = pack_head(LETTER, None, seconds=10) + LETTER

    done = subprocess.run(  # noqa: S603 (our own module, no shell)
        [sys.executable, "-m", "services.ingest.parser.worker", str(512 * 1024 * 1024)],
        input=request * 2,
        capture_output=True,
        check=True,
    )

    assert done.stdout.startswith(STARTED)
    answers = done.stdout.removeprefix(STARTED)
    length, mark = ANSWER.unpack_from(answers)
    assert mark == READ
    assert load(answers[ANSWER.size : ANSWER.size + length]) == with_sections(LETTER)
    assert len(answers) == 2 * (ANSWER.size + length)


@pytest.mark.parametrize("sender", [None, "", "ann@client.example"])
def test_a_request_carries_what_smtp_said(sender: str | None) -> None:
    head = pack_head(b"\0raw\0", sender, seconds=10)

    assert unpack_request(head[10:] + b"\0raw\0") == (sender, b"\0raw\0")


def test_a_refusal_says_why() -> None:
    mark, content = handle(b"?\0" + TOO_MANY_PARTS)

    assert (mark, content) == (REFUSED, b"more than 1000 parts")
