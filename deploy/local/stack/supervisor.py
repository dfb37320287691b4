"""Runs the services as processes: reports and restarts those that die, stops them in the end."""

import asyncio
import signal
import time
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol
from urllib.error import URLError
from urllib.request import urlopen

from deploy.local.folders import CHECKOUT
from deploy.local.processes.log import Log
from deploy.local.processes.tether import tethered
from deploy.local.progress import NotPossibleError
from deploy.local.stack.services import Service

_LONG_ENOUGH = 60.0  # who ran this long starts again with the shortest pause
LINE_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class RestartPauses:
    """Seconds before a service that died is started again: they double while it dies often."""

    first: float = 1.0
    longest: float = 30.0


PAUSES = RestartPauses()


class Process(Protocol):
    """A process that runs, as asyncio has it."""

    @property
    def pid(self) -> int:
        """The process id."""

    @property
    def returncode(self) -> int | None:
        """The exit code, or a signal's number below zero; None while the process runs."""

    @property
    def stdout(self) -> asyncio.StreamReader | None:
        """The output of the process, errors too."""

    def send_signal(self, signal: int) -> None:
        """Send a signal to the process."""

    async def wait(self) -> int:
        """Return the exit code once the process has ended."""


Launch = Callable[[Service, Mapping[str, str]], Awaitable[Process]]


async def launch_program(service: Service, environment: Mapping[str, str]) -> Process:
    """Start a service's program in a session of its own, so that Ctrl-C reaches only us."""
    return await asyncio.create_subprocess_exec(
        *tethered(service.command),
        env=environment,
        cwd=CHECKOUT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
        limit=LINE_LIMIT,
        start_new_session=True,
    )


class Supervisor:
    """Keeps services running from `start` to `stop`. Use it on the main thread's event loop.

    `grace` is how many seconds services have to stop; `launch` makes a service's process.
    """

    def __init__(
        self,
        services: Sequence[Service],
        log: Log,
        *,
        grace: float = 30.0,
        pauses: RestartPauses = PAUSES,
        launch: Launch = launch_program,
    ) -> None:
        self._services = services
        self._log = log
        self._grace = grace
        self._pauses = pauses
        self._launch = launch
        self._stopping = asyncio.Event()
        self._processes: dict[str, Process] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._once: dict[str, Mapping[str, str]] = {}

    def start(self) -> None:
        """Start every service; they get ready in their own time."""
        self._keepers = [asyncio.create_task(self._keep(service)) for service in self._services]

    def pid(self, name: str) -> int:
        """Return the process id of a service that runs now."""
        return self._processes[name].pid

    def arm(self, name: str, environment: Mapping[str, str]) -> None:
        """Give the next start of a service, and no later one, more environment."""
        self._once[name] = environment

    async def ended(self, name: str) -> int:
        """Return the exit code of the process that runs now, once it has ended; -9 for SIGKILL."""
        return await self._processes[name].wait()

    async def wait_until_ready(self, deadline: float = 120.0) -> None:
        """Return when every service says that it is ready.

        Raises:
            NotPossibleError: `deadline` seconds passed; names those that are not.
        """
        pending = {asyncio.create_task(_ready(service)): service for service in self._services}
        _, late = await asyncio.wait(pending, timeout=deadline)
        if late:
            for task in late:
                task.cancel()
            names = ", ".join(sorted(pending[task].name for task in late))
            raise NotPossibleError(f"not ready after {deadline:.0f} s: {names}")

    async def stop(self) -> None:
        """Ask every service to finish what it does; kill what is left when the grace is over."""
        self._stopping.set()
        self._signal_all(signal.SIGTERM)
        if not self._keepers:
            return
        _, late = await asyncio.wait(self._keepers, timeout=self._grace)
        if late:
            names = [name for name, process in self._processes.items() if _runs(process)]
            self._log.write("mailroom", f"killed after {self._grace:.0f} s: {', '.join(names)}")
            self.kill()
        await asyncio.gather(*self._keepers)

    def kill(self) -> None:
        """Kill every service now."""
        self._stopping.set()
        self._signal_all(signal.SIGKILL)

    def _signal_all(self, number: signal.Signals) -> None:
        for process in self._processes.values():
            if _runs(process):
                process.send_signal(number)

    async def _keep(self, service: Service) -> None:
        pause = self._pauses.first
        while not self._stopping.is_set():
            began = time.monotonic()
            code = await self._run_once(service)
            if self._stopping.is_set():
                return
            if time.monotonic() - began > _LONG_ENOUGH:
                pause = self._pauses.first
            self._log.write(service.name, f"DIED: {_cause(code)}; starts again in {pause:g} s")
            await self._rest(pause)
            pause = min(pause * 2, self._pauses.longest)

    async def _rest(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _run_once(self, service: Service) -> int:
        once = self._once.pop(service.name, {})
        process = await self._launch(service, {**service.environment, **once})
        self._processes[service.name] = process
        if self._stopping.is_set():  # asked to stop while this process was being made
            process.send_signal(signal.SIGTERM)
        await self._copy_lines(service.name, process)
        return await process.wait()

    async def _copy_lines(self, name: str, process: Process) -> None:
        while line := await _next_line(process):
            self._log.write(name, line.decode(errors="replace").rstrip())


async def _next_line(process: Process) -> bytes:
    if process.stdout is None:
        return b""
    try:
        return await process.stdout.readline()
    except ValueError:  # longer than the limit: asyncio has dropped it and can go on
        return b"(a line too long to show)\n"


def _runs(process: Process) -> bool:
    return process.returncode is None


def _cause(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


async def _ready(service: Service) -> None:
    while not await asyncio.to_thread(  # noqa: ASYNC110 - another process, asked over HTTP
        _answers, service.ready_url
    ):
        await asyncio.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2.0) as answer:  # noqa: S310 - our own loopback address
            return bool(answer.status == HTTPStatus.OK)
    except (URLError, OSError):
        return False
