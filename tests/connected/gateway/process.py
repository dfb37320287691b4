"""The gateway as the process that a pod runs."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from deploy.local.processes.ports import free_port
from deploy.local.stack.supervisor import Process as ServiceProcess
from tests.support.systems.forked_services import fork


class Process:
    """A gateway process, its address and the address of its probes.

    `code` is the folder of its sources; by default this checkout, whose gateway is forked.
    """

    def __init__(self, rabbitmq_url: str, mongodb_url: str, code: Path | None = None) -> None:
        self._code = code
        port, probes = free_port(), free_port()
        self.url, self.probes = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{probes}"
        self.environment = {
            **os.environ,
            "RABBITMQ_URL": rabbitmq_url,
            "MONGODB_URL": mongodb_url,
            "GATEWAY_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "PROBE_HOST": "127.0.0.1",
            "PROBE_PORT": str(probes),
        }

    async def start(self) -> None:
        """Return once the process is ready."""
        self.process = await self._launch()
        log = self.process.stdout
        assert log is not None
        async with asyncio.timeout(60):
            while b'"started"' not in await log.readline():
                assert self.process.returncode is None
        # A full pipe would block the process.
        self._reading = asyncio.create_task(log.read())

    @property
    def has_ended(self) -> bool:
        """Whether the process was ended and not started again."""
        return self.process.returncode is not None

    async def kill(self) -> None:
        """End the process as a lost node would."""
        if not self.has_ended:
            self.process.send_signal(signal.SIGKILL)
        await self._ended()

    async def stop(self) -> int:
        """Ask the process to stop and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            await self._ended()
        return self.process.returncode or 0

    async def _launch(self) -> ServiceProcess:
        if self._code is None:
            return await fork("services.gateway", self.environment)
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.gateway",
            env=self.environment,
            cwd=self._code,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def _ended(self) -> None:
        await self.process.wait()
        await self._reading


@asynccontextmanager
async def running(*processes: Process) -> AsyncIterator[None]:
    """Start processes at the same time; kill those that still run when the block ends."""
    try:
        await asyncio.gather(*(one.start() for one in processes))
        yield
    finally:
        await asyncio.gather(*(one.kill() for one in processes))
