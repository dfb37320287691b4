"""`make run`: the whole system stays up until Ctrl-C."""

import asyncio
import sys

from deploy.local.run import operate
from deploy.local.servers import Servers
from deploy.local.stack import System

DEMO_AGENTS = ("agent1", "agent2", "admin")


async def stay_up(up: Servers, running: System) -> None:
    """Say where everything is, then wait for ever."""
    print(welcome(up, running), flush=True)
    await asyncio.Event().wait()


def welcome(up: Servers, running: System) -> str:
    """Return what a person needs to use the system: addresses, names, passwords."""
    where = running.addresses
    agents = "\n".join(f"  {name} / {name}" for name in DEMO_AGENTS)
    management = up.rabbitmq.management_url if up.rabbitmq else "(named by the environment)"
    return f"""
Mailroom is up.
  agents' API    {running.gateway_url}/api/v2/me
  its pages      {running.gateway_url}/api/v2/docs
  notifications  {running.gateway_url}/cometd
  mail in        smtp://127.0.0.1:{where.smtp} and lmtp://127.0.0.1:{where.lmtp}
  mail out       .local/sent/
  RabbitMQ       {up.rabbitmq_url}
  its web page   {management}
  MongoDB        {up.mongodb_url}
Who may log in (name / password):
{agents}
Ctrl-C stops it.
"""


if __name__ == "__main__":
    sys.exit(operate(stay_up))
