"""Runs the services as processes: reports and restarts those that die, stops them in the end."""

import asyncio
import signal
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from urllib.error import URLError
from urllib.request import urlopen

from deploy.local.folders import CHECKOUT
from deploy.local.processes.log import Log
from deploy.local.processes.tether import tethered
from deploy.local.progress import NotPossibleError
from deploy.local.stack.services import Service

SHORTEST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
_LONG_ENOUGH = 60.0  # who ran this long starts again with the shortest pause
_LINE_LIMIT = 1 << 20


class Supervisor:
    """Keeps services running from `start` to `stop`. Use it on the main thread's event loop.

    `first_pause` is how many seconds pass before a service that died is started again; it doubles
    with each death that follows soon, up to `longest_pause`.
    """

    def __init__(
        self,
        services: Sequence[Service],
        log: Log,
        *,
        grace: float = 30.0,
        first_pause: float = SHORTEST_PAUSE,
        longest_pause: float = LONGEST_PAUSE,
    ) -> None:
        self._services = services
        self._log = log
        self._grace = grace
        self._first_pause = first_pause
        self._longest_pause = longest_pause
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
        pause = self._first_pause
        while not self._stopping.is_set():
            began = time.monotonic()
            code = await self._run_once(service)
            if self._stopping.is_set():
                return
            if time.monotonic() - began > _LONG_ENOUGH:
                pause = self._first_pause
            self._log.write(service.name, f"DIED: {_cause(code)}; starts again in {pause:g} s")
            await self._rest(pause)
            pause = min(pause * 2, self._longest_pause)

    async def _rest(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _run_once(self, service: Service) -> int:
        process = await asyncio.create_subprocess_exec(
            *tethered(service.command),
            env={**service.environment, **self._once.pop(service.name, {})},
            cwd=CHECKOUT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            limit=_LINE_LIMIT,
            start_new_session=True,
        )
        self._processes[service.name] = process
        if self._stopping.is_set():  # asked to stop while this process was being made
            process.terminate()
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
