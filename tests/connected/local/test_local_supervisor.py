"""Services as processes: watched while they run, stopped with grace, their mails kept."""

import asyncio
import os
import signal
import smtplib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from deploy.local.processes.log import Log
from deploy.local.processes.ports import free_port
from deploy.local.progress import NotPossibleError
from deploy.local.stack.mail_sink import mail_sink
from deploy.local.stack.services import Service
from deploy.local.stack.supervisor import RestartPauses, Supervisor

pytestmark = pytest.mark.connected

READY = """
import http.server, signal, sys

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *words):
        pass

def finish(*_):
    print("finished what was running", flush=True)
    sys.exit(0)

signal.signal(signal.SIGTERM, finish)
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer)
print("up", flush=True)
server.serve_forever()
"""
DEAF = """
import signal

signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
signal.pause()
"""
BROKEN = "print('cannot start'); raise SystemExit(78)"


class RecordingLog(Log):
    """A log whose lines can be awaited."""

    def __init__(self) -> None:
        super().__init__(("gateway", "mailroom"), coloured=False)
        self._lines: asyncio.Queue[str] = asyncio.Queue()

    def write(self, name: str, text: str) -> None:
        self._lines.put_nowait(self.line(name, text))

    async def until(self, words: str) -> list[str]:
        """Wait for a line that contains `words`; return all lines up to it."""
        seen: list[str] = []
        async with asyncio.timeout(10):
            while not seen or words not in seen[-1]:
                seen.append(await self._lines.get())
        return seen


def gateway(program: str) -> Service:
    port = free_port()
    return Service(
        name="gateway",
        command=(sys.executable, "-c", program, str(port)),
        environment=dict(os.environ),
        ready_url=f"http://127.0.0.1:{port}/ready",
    )


@asynccontextmanager
async def supervised(program: str, log: Log, grace: float = 10) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor([gateway(program)], log, grace=grace, pauses=RestartPauses(first=0.01))
    supervisor.start()
    try:
        yield supervisor
    finally:
        await supervisor.stop()


async def test_a_service_is_up_when_it_says_that_it_is_ready() -> None:
    log = RecordingLog()

    async with supervised(READY, log) as supervisor:
        await supervisor.wait_until_ready(deadline=10)

        assert await log.until("up") == ["gateway  | up"]


async def test_service_that_never_gets_ready_is_named() -> None:
    async with supervised(DEAF, RecordingLog(), grace=0) as supervisor:
        with pytest.raises(NotPossibleError, match="gateway"):
            await supervisor.wait_until_ready(deadline=0.2)


async def test_a_service_that_was_killed_is_reported_and_starts_again() -> None:
    log = RecordingLog()
    async with supervised(READY, log) as supervisor:
        await log.until("up")

        os.kill(supervisor.pid("gateway"), signal.SIGKILL)

        assert await log.until("up") == [
            "gateway  | DIED: killed by SIGKILL; starts again in 0.01 s",
            "gateway  | up",
        ]


ARMED = """
import os

print(os.environ.get("ARMED", "not armed"), flush=True)
raise SystemExit(3)
"""


async def test_an_armed_service_has_its_environment_for_one_start() -> None:
    log = RecordingLog()
    async with supervised(ARMED, log) as supervisor:
        supervisor.arm("gateway", {"ARMED": "armed"})
        await log.until("| armed")

        assert await supervisor.ended("gateway") == 3
        assert (await log.until("not armed"))[-1] == "gateway  | not armed"


async def test_service_that_dies_repeatedly_waits_longer_each_time() -> None:
    log = RecordingLog()

    async with supervised(BROKEN, log):
        lines = await log.until("0.04 s")

    assert [line for line in lines if "DIED" in line] == [
        "gateway  | DIED: exit code 78; starts again in 0.01 s",
        "gateway  | DIED: exit code 78; starts again in 0.02 s",
        "gateway  | DIED: exit code 78; starts again in 0.04 s",
    ]


async def test_a_stop_lets_a_service_finish() -> None:
    log = RecordingLog()
    async with supervised(READY, log) as supervisor:
        await log.until("up")

    assert "gateway  | finished what was running" in await log.until("finished")
    assert not _exists(supervisor.pid("gateway"))


async def test_service_that_does_not_stop_in_time_is_killed() -> None:
    log = RecordingLog()
    async with supervised(DEAF, log, grace=0.1) as supervisor:
        await log.until("up")

    assert await log.until("killed") == ["mailroom | killed after 0 s: gateway"]
    assert not _exists(supervisor.pid("gateway"))


async def test_a_mail_that_leaves_is_kept_as_it_was_sent(tmp_path: Path) -> None:
    port, log = free_port(), RecordingLog()
    async with mail_sink(tmp_path, port, log) as sink:
        await asyncio.to_thread(_send, port, b"Subject: hello\r\n\r\n.dotted\r\n")

        mail = await sink.arrivals.get()

    assert mail.file.read_bytes() == b"Subject: hello\r\n\r\n.dotted\r\n"
    assert (mail.sender, mail.recipients) == ("a@demo.example", ("b@demo.example",))
    assert await log.until(mail.file.name)


def _send(port: int, mail: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail("a@demo.example", ["b@demo.example"], mail)


def _exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
