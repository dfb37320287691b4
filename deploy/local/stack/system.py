"""The whole system on top of two servers: sink, configuration, services."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.folders import CHECKOUT
from deploy.local.processes.log import Log
from deploy.local.processes.tether import tethered
from deploy.local.progress import NotPossibleError, report, waiting
from deploy.local.servers.accounts import Access
from deploy.local.stack.mail_sink import MailSink, mail_sink
from deploy.local.stack.services import NAMES, Addresses, console_environment, service
from deploy.local.stack.supervisor import (
    PAUSES,
    Launch,
    RestartPauses,
    Supervisor,
    launch_program,
)

CONTACT_CENTER = CHECKOUT / "deploy" / "local" / "contact-center.yaml"
CONSOLE = (sys.executable, "-m", "services.console")


@dataclass(frozen=True, slots=True)
class System:
    """A system that is up: where it listens, what keeps it running, where its mail ends."""

    addresses: Addresses
    supervisor: Supervisor
    sink: MailSink

    @property
    def gateway_url(self) -> str:
        """The address agents' desktops talk to."""
        return f"http://127.0.0.1:{self.addresses.gateway}"


@asynccontextmanager
async def system(
    access: Access,
    *,
    sent: Path,
    addresses: Addresses | None = None,
    configuration: Path = CONTACT_CENTER,
    pauses: RestartPauses = PAUSES,
    grace: float = 30.0,
    launch: Launch = launch_program,
) -> AsyncIterator[System]:
    """Give the whole system, ready, while the block runs; mails that leave are kept in `sent`.

    `pauses` are those before a service that died is started again; `grace` is how many seconds
    services have to stop in the end; `launch` makes the process of a service.

    Raises:
        NotPossibleError: the configuration is refused or a service does not get ready; says why.
    """
    where = addresses or Addresses.choose()
    log = Log((*NAMES, "sink", "mailroom"))
    async with mail_sink(sent, where.sink, log) as sink:
        await _apply(configuration, access)
        services = [service(name, access, where) for name in NAMES]
        supervisor = Supervisor(services, log, grace=grace, pauses=pauses, launch=launch)
        supervisor.start()
        try:
            with waiting("starting the services"):
                await supervisor.wait_until_ready()
            yield System(where, supervisor, sink)
        finally:
            report("stopping the services")
            await supervisor.stop()


async def _apply(configuration: Path, access: Access) -> None:
    process = await asyncio.create_subprocess_exec(
        *tethered([*CONSOLE, "apply", str(configuration)]),
        cwd=CHECKOUT,
        env=console_environment(access),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise NotPossibleError(f"mailroom apply {configuration} failed:\n{output.decode()}")
    report(f"applied {configuration.name}")
