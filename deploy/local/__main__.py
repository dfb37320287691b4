"""`make run`: the whole system stays up until Ctrl-C."""

import asyncio
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from deploy.local.desktop_build import is_current, try_to_build
from deploy.local.folders import CHECKOUT, LOCAL
from deploy.local.progress import report
from deploy.local.run import operate
from deploy.local.servers.running_servers import Servers
from deploy.local.stack.services import terminal_environment
from deploy.local.stack.system import System

ENVIRONMENT: Final = LOCAL / "environment"
DEMO_AGENTS = ("agent1", "agent2", "admin")


async def stay_up(up: Servers, running: System) -> None:
    """Say where everything is, build the desktop if need be, then wait for ever."""
    variables = terminal_environment(up.access, running.addresses)
    with environment_file(variables, ENVIRONMENT) as file:
        is_built = await asyncio.to_thread(is_current)
        print(welcome(up, running, file, is_built=is_built), flush=True)
        if not is_built:
            report(desktop_words(await asyncio.to_thread(try_to_build)))
        await asyncio.Event().wait()


def desktop_words(problem: str) -> str:
    """Say that the desktop is there, or why it is not (`problem`) and what to do."""
    if not problem:
        return "the desktop is built: the gateway serves it at /desktop/"
    return f"the desktop is not built: {problem}; then type `make desktop`"


@contextmanager
def environment_file(variables: Mapping[str, str], file: Path = ENVIRONMENT) -> Iterator[Path]:
    """Write what a shell can source, passwords among it, for as long as the context lasts."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items())]
    lines.append(f'export PATH={shlex.quote(str(CHECKOUT / ".venv" / "bin"))}:"$PATH"')
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text("\n".join(lines) + "\n")
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


def welcome(up: Servers, running: System, file: Path, *, is_built: bool) -> str:
    """Return what a person needs to use the system: addresses, names, passwords."""
    desktop = f"{running.gateway_url}/desktop/"
    if not is_built:
        desktop += " (being built: the log says when it is there)"
    where = running.addresses
    agents = "\n".join(f"  {name} / {name}" for name in DEMO_AGENTS)
    management = up.rabbitmq.management_url if up.rabbitmq else "(named by the environment)"
    return f"""
Mailroom is up.
  desktop        {desktop}
  agents' API    {running.gateway_url}/api/v2/me
  its pages      {running.gateway_url}/api/v2/docs
  notifications  {running.gateway_url}/cometd
  mail in        smtp://127.0.0.1:{where.smtp} and lmtp://127.0.0.1:{where.lmtp}
  mail out       .local/sent/
  RabbitMQ       {up.rabbitmq_url}
  its web page   {management}
  MongoDB        {up.mongodb_url}
In another terminal, `. {file.relative_to(CHECKOUT)}` lets `mailroom` and README's commands find it.
Who may log in (name / password):
{agents}
Ctrl-C stops it.
"""


if __name__ == "__main__":
    sys.exit(operate(stay_up, sys.argv[1:]))
