"""Services that are forked for tests: they print, end and die as those that programs start."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from deploy.local.processes.ports import free_port
from deploy.local.stack.services import Service
from deploy.local.stack.supervisor import launch_program
from tests.support.systems.forked_services import ForkedProcess, fork, fork_service

pytestmark = pytest.mark.connected

MODULE = "services.composition"


def environment(**settings: str) -> Mapping[str, str]:
    """Return the environment of a service whose database never answers."""
    nowhere = f"127.0.0.1:{free_port()}"
    servers = {"RABBITMQ_URL": f"amqp://{nowhere}", "MONGODB_URL": f"mongodb://{nowhere}/none"}
    probe = {"PROBE_HOST": "127.0.0.1", "PROBE_PORT": str(free_port())}
    return {**os.environ, "LOG_STYLE": "text", **servers, **probe, **settings}


async def started(**settings: str) -> ForkedProcess:
    """Return a process that serves its probes and waits for its database."""
    variables = environment(**settings)
    process = await fork(MODULE, variables)
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", variables["PROBE_PORT"])
            except OSError:
                assert process.returncode is None
                await asyncio.sleep(0.01)
            else:
                writer.close()
                return process


async def test_forked_service_with_wrong_settings_ends_as_the_program_does() -> None:
    wrong = environment(PROBE_PORT="none")
    service = Service("composition", (sys.executable, "-m", MODULE), wrong, "")
    ends = []
    for launch in (launch_program, fork_service):
        process = await launch(service, wrong)
        assert process.stdout is not None
        printed = (await process.stdout.read()).decode()
        # The lines begin with the time.
        words = [line.partition(" ")[2] for line in printed.splitlines()]
        ends.append((await process.wait(), words))

    assert ends[0] == ends[1]
    assert ends[0][0] == 78


async def test_forked_service_that_is_killed_tells_the_signal() -> None:
    process = await started()
    process.send_signal(signal.SIGKILL)

    assert await process.wait() == -signal.SIGKILL
    assert process.returncode == -signal.SIGKILL


async def test_forked_service_that_is_asked_stops_by_itself() -> None:
    process = await started()
    process.send_signal(signal.SIGTERM)

    assert await process.wait() == 0


async def test_forked_service_knows_nothing_of_the_one_before() -> None:
    first = await started(MAILROOM_TOLD_ONE="1")
    second = await started(MAILROOM_TOLD_OTHER="1")
    pipes = [await asyncio.to_thread(_pipes, one.pid) for one in (first, second)]
    for one in (first, second):
        one.send_signal(signal.SIGTERM)
    printed = [(await one.stdout.read()).decode() for one in (first, second)]

    assert pipes[0]
    assert not pipes[0] & pipes[1]
    assert "MAILROOM_TOLD_ONE" not in printed[1]
    assert [await one.wait() for one in (first, second)] == [0, 0]


def _pipes(pid: int) -> set[str]:
    ends = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        # Some are closed while they are listed.
        with suppress(FileNotFoundError):
            ends.add(str(descriptor.readlink()))
    return {end for end in ends if end.startswith("pipe:")}
