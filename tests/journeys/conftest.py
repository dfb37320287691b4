"""The whole system, every service its own process, for all journeys."""

from collections.abc import AsyncIterator

import pytest
import yaml

from deploy.local.processes.ports import free_port
from deploy.local.stack.system import CONTACT_CENTER, System
from tests.fixtures.broker import Broker
from tests.fixtures.imap_server import ImapPorts
from tests.fixtures.rest_agents import agent1, agent2
from tests.support.fetching import PASSWORDS, fetch
from tests.support.systems.whole_system import whole_system

__all__ = ["agent1", "agent2"]

INVITATION_SECONDS = "4"
GREETED = {
    "address": "hello@demo.example",
    "queue": "robots",
    "acknowledgement": {"text": "We have your mail."},
}
"""A mailbox that acknowledges, for mail that no agent is offered."""
NEWS = {
    "name": "news",
    "when": {"mailbox": "hello@demo.example", "automatic": "mailing list"},
    "then": {"queue": "support", "user_data": {"Segment": "news"}},
}


@pytest.fixture(scope="package")
def imap_ports() -> ImapPorts:
    """The ports of the IMAP server with the mailbox of sales, which one journey starts."""
    return ImapPorts(free_port(), free_port())


@pytest.fixture(scope="package")
async def running(
    broker: Broker,
    mongodb_url: str,
    tmp_path_factory: pytest.TempPathFactory,
    imap_ports: ImapPorts,
) -> AsyncIterator[System]:
    """A system on a virtual host and a database of its own, each service as its own user.

    An invitation lasts 4 seconds. Each journey ends with nobody ready and no mail waiting.
    """
    folder = tmp_path_factory.mktemp("system")
    described = yaml.safe_load(CONTACT_CENTER.read_text())
    described["mailboxes"][1]["fetch"] = fetch(imap_ports.plain, "sales")
    described["mailboxes"][0]["thread_tokens"] = True
    described |= {"screening": [NEWS]}
    described["queues"].append({"name": "robots"})
    described["mailboxes"].append(GREETED)
    configuration = folder / "contact-center.yaml"
    configuration.write_text(yaml.safe_dump(described))
    with pytest.MonkeyPatch.context() as environment:
        for name, password in PASSWORDS.items():
            environment.setenv(name, password)
        async with whole_system(
            broker,
            mongodb_url,
            folder,
            invitation=INVITATION_SECONDS,
            configuration=configuration,
        ) as up:
            yield up
