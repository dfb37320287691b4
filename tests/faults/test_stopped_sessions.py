"""Ingest is stopped (SIGTERM) with two hundred sessions at every step of the dialogue."""

import asyncio
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import pytest

from tests.support.systems.breakable_system import UNHEARD, BreakableSystem, new_run
from tests.support.systems.mail_senders import mail_octets, message_ids
from tests.support.waiting import until

pytestmark = [pytest.mark.connected, pytest.mark.faults]

SESSIONS: Final = 200
DRAIN: Final = 25.0
"""The default of `DRAIN`, after which Kubernetes allows ten seconds more."""

COMMANDS: Final = (
    b"EHLO client.example\r\n",
    b"MAIL FROM:<ann@example.org>\r\n",
    f"RCPT TO:<{UNHEARD}>\r\n".encode(),
    b"DATA\r\n",
)
HALF: Final = len(COMMANDS) + 1
"""The step at which half of a mail was sent."""

WHOLE: Final = HALF + 1
"""The step at which the final dot is sent together with the signal."""


@dataclass
class Session:
    """A session that stops at a step; `answer` is what its final dot is answered with."""

    message_id: str
    step: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    answer: bytes = b""
    last_words: list[bytes] = field(default_factory=list)

    async def begin(self) -> None:
        """Go as far as its step."""
        assert (await self.reader.readline()).startswith(b"220")
        for command in COMMANDS[: self.step]:
            self.writer.write(command)
            while (line := await self.reader.readline())[3:4] == b"-":
                pass
            assert line[:1] in b"23", line
        if self.step >= HALF:
            octets = mail_octets(self.message_id)
            self.writer.write(octets[: len(octets) // 2])

    def finish(self) -> None:
        """Send what is left of a mail."""
        octets = mail_octets(self.message_id)
        self.writer.write(octets[len(octets) // 2 :] + b"\r\n.\r\n")

    async def hear_out(self) -> None:
        """Read to the end of the connection."""
        with suppress(ConnectionError):
            while line := await self.reader.readline():
                self.last_words.append(line)
                if self.step == WHOLE and line.startswith(b"250"):
                    self.answer = line
        self.writer.close()


async def opened(port: int, message_id: str, number: int) -> Session:
    """Open a session from one of several addresses of this machine, as a peer has fifty."""
    source = (f"127.0.0.{2 + number % 8}", 0)
    streams = await asyncio.open_connection("127.0.0.1", port, local_addr=source)
    session = Session(message_id, number % (WHOLE + 1), *streams)
    await session.begin()
    return session


async def test_stop_with_two_hundred_sessions_keeps_what_it_took(
    breakable: BreakableSystem,
) -> None:
    run = new_run()
    port = breakable.system.addresses.smtp
    sessions = await asyncio.gather(
        *(opened(port, one, number) for number, one in enumerate(message_ids(run, SESSIONS)))
    )

    for session in sessions:
        if session.step == WHOLE:
            session.finish()
    breakable.signal("ingest", signal.SIGTERM)
    began = time.monotonic()
    hearing = asyncio.gather(*(one.hear_out() for one in sessions))
    code = await breakable.ended("ingest")
    seconds = time.monotonic() - began
    await hearing
    await breakable.system.supervisor.wait_until_ready(60)

    accepted = [one.message_id for one in sessions if one.answer]
    idle = [one for one in sessions if one.step < HALF - 1]
    assert (code, seconds < DRAIN + 5) == (0, True)
    assert all(one.last_words[-1].startswith(b"421") for one in idle)

    async def are_shown() -> bool:
        return (await shown(breakable, run)).keys() >= set(accepted)

    assert await until(are_shown, 60)
    found = await shown(breakable, run)
    assert [found[one] for one in accepted] == [1] * len(accepted)
    whole = {one.message_id for one in sessions if one.step == WHOLE}
    assert found.keys() <= whole


async def shown(breakable: BreakableSystem, run: str) -> Counter[str]:
    """Return how many arrivals there are of each mail that is shown."""
    wanted = {"mail.message_id": {"$regex": f"\\.{run}@"}}
    found = await breakable.database["interactions"].find(wanted).to_list()
    return Counter({one["mail"]["message_id"]: 1 + len(one.get("copies", ())) for one in found})
