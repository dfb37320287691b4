"""Services that are forked from a process that has imported them.

Importing takes over a second of processor time, and a run of all tests starts services hundreds of
times. The processes differ in nothing else from those that a program is started in.
"""

import asyncio
import atexit
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from deploy.local.folders import CHECKOUT
from deploy.local.processes.tether import tethered
from deploy.local.stack.services import Service
from deploy.local.stack.supervisor import LINE_LIMIT, Process, launch_program
from tests.support.systems.fork_server import LARGEST_ENVIRONMENT

_LOADER: Final = "LD_PRELOAD"


@dataclass
class ForkedProcess:
    """A process that a fork server has made and watches."""

    pid: int
    stdout: asyncio.StreamReader
    _status: asyncio.StreamReader
    returncode: int | None = None

    def __post_init__(self) -> None:
        """Watch for the end of the process."""
        self._ending = asyncio.create_task(self._await_end())

    def send_signal(self, number: int) -> None:
        """Send a signal to the process, if it still runs."""
        if self.returncode is None:
            os.kill(self.pid, number)

    async def wait(self) -> int:
        """Return the exit code once the process has ended; a signal's number below zero."""
        return await asyncio.shield(self._ending)

    async def _await_end(self) -> int:
        line = await self._status.readline()
        # The kernel kills its processes when a fork server has died.
        self.returncode = int(line) if line else -signal.SIGKILL
        return self.returncode


async def fork_service(service: Service, environment: Mapping[str, str]) -> Process:
    """Fork a service's process; one whose environment is for the loader is started as a program."""
    if _LOADER in environment:
        return await launch_program(service, environment)
    *_, module = service.command
    return await fork(module, environment)


async def fork(module: str, environment: Mapping[str, str]) -> ForkedProcess:
    """Fork a process that runs `python -m module`, in a session of its own.

    It dies with the process of the tests.
    """
    request = json.dumps(dict(environment)).encode()
    assert len(request) < LARGEST_ENVIRONMENT
    (printed, output), (told, status) = os.pipe(), os.pipe()
    _server(module).ask(request, output, status)
    os.close(output)
    os.close(status)
    reading, telling = await _reader(printed), await _reader(told)
    return ForkedProcess(int(await telling.readline()), reading, telling)


class _ForkServer:
    """A process that has imported a module and forks; it ends with this one."""

    def __init__(self, module: str) -> None:
        self._requests, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            number = str(its.fileno())
            program = [sys.executable, "-m", "tests.support.systems.fork_server", module, number]
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                tethered(program),
                cwd=CHECKOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                pass_fds=[its.fileno()],
                start_new_session=True,
            )

    def ask(self, environment: bytes, output: int, status: int) -> None:
        """Ask for a process; the descriptors are where it prints, and where its state is told."""
        socket.send_fds(self._requests, [environment], [output, status])

    def close(self) -> None:
        """Let the server end, and its processes with it."""
        self._requests.close()
        self._process.wait()


@cache
def _server(module: str) -> _ForkServer:
    server = _ForkServer(module)
    atexit.register(server.close)
    return server


async def _reader(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=LINE_LIMIT)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb")
    )
    return reader
