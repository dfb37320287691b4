"""Two installations that acknowledge mail write to each other through a Postfix: no loop begins."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage

import pytest

from deploy.local.processes.ports import free_port
from shared.contracts.acknowledgement import Acknowledgement
from shared.contracts.contact_center import ContactCenter, Mailbox, Queue, Sender, SmtpRoute
from shared.domain.clock import SystemClock
from shared.storage.configuration_store import ConfigurationStore
from tests.connected.pods import running_pod
from tests.connected.sandboxes import Sandbox, SandboxPool
from tests.doubles.smtp_sink import SmtpSink, running_sink
from tests.fixtures.mail_server import MailServer, running_relay
from tests.support.waiting import until

pytestmark = pytest.mark.connected

ROUNDS = 100
SERVICES = ("ingest", "composition", "outbound")
_RELAY = """\
transport_maps = inline:{{{{
  {{{{ one.example = lmtp:[127.0.0.1]:{one} }}}},
  {{{{ two.example = lmtp:[127.0.0.1]:{two} }}}},
  {{{{ client.example = smtp:[127.0.0.1]:{sink} }}}} }}}}
smtp_tls_security_level = none
lmtp_tls_security_level = none
"""
_WITHOUT_MARKS = """\
header_checks = regexp:{{
  {{ /^(Auto-Submitted|X-Auto-Response-Suppress|X-Mailroom-Loop):/ IGNORE }} }}
"""
"""A relay may drop what it does not know."""


@dataclass
class Installation:
    """One Mailroom: what it has received and what it has written by itself."""

    address: str
    sandbox: Sandbox

    async def received(self) -> int:
        """Return how many mails were parsed."""
        inbound = {"direction": "Inbound"}
        return await self.sandbox.database["interactions"].count_documents(inbound)

    async def written(self) -> list[str]:
        """Return the addresses that it has written to by itself, sorted."""
        found = await self.sandbox.database["deliveries"].find({}).to_list()
        return sorted(one["address"] for delivery in found for one in delivery["recipients"])


@dataclass
class World:
    """Two installations, the Postfix between them, and the server of everybody else."""

    one: Installation
    two: Installation
    relay: MailServer
    everybody: SmtpSink

    async def hand_in(self, *mails: tuple[str, str, bytes]) -> None:
        """Hand mails to Postfix: sender and recipient of the envelope, octets."""

        def send() -> None:
            with smtplib.SMTP("127.0.0.1", self.relay.port) as smtp:
                for sender, recipient, octets in mails:
                    smtp.sendmail(sender, [recipient], octets)

        await asyncio.to_thread(send)


@asynccontextmanager
async def installation(
    sandbox: Sandbox, address: str, lmtp: int, relay: MailServer, environment: pytest.MonkeyPatch
) -> AsyncIterator[Installation]:
    center = ContactCenter(
        name=address.partition("@")[2],
        queues=(Queue(name="support"),),
        mailboxes=(
            Mailbox(
                address=address,
                queue="support",
                acknowledgement=Acknowledgement(text="We have your mail."),
            ),
        ),
        senders=(Sender(address=address),),
        smtp_route=SmtpRoute(host="127.0.0.1", port=relay.port, tls="none"),
    )
    await ConfigurationStore(sandbox.database, SystemClock()).write(center)
    environment.setenv("INGEST_SMTP_PORT", "0")
    environment.setenv("INGEST_LMTP_PORT", str(lmtp))
    async with AsyncExitStack() as stack:
        for name in SERVICES:
            urls = (sandbox.rabbitmq_url, sandbox.database_url)
            pod = await stack.enter_async_context(running_pod(name, *urls, environment))
            assert await pod.recovers()
        yield Installation(address, sandbox)


@pytest.fixture(params=["", _WITHOUT_MARKS], ids=["marked", "marks dropped"])
async def world(
    sandboxes: SandboxPool, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> AsyncIterator[World]:
    ports = free_port(), free_port()
    async with (
        sandboxes.borrow() as first,
        sandboxes.borrow() as second,
        running_sink() as sink,
        running_relay(
            _RELAY.format(one=ports[0], two=ports[1], sink=sink.port) + request.param
        ) as relay,
        installation(first, "hello@one.example", ports[0], relay, monkeypatch) as one,
        installation(second, "hello@two.example", ports[1], relay, monkeypatch) as two,
    ):
        yield World(one, two, relay, sink)


def mail(sender: str, recipient: str, number: int, **headers: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, recipient, f"Round {number}"
    message["Message-ID"] = f"<{number}.{sender}>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(f"Hello, this is round {number}.")
    return message.as_bytes(policy=policy.SMTP)


def round_of(number: int, sender: str, recipient: str) -> tuple[str, str, bytes]:
    """Return what one installation's robot of old sends the other: each fifth of another kind."""
    match number % 5:
        case 1:
            absent = mail(sender, recipient, number, Auto_Submitted="auto-replied")
            return sender, recipient, absent
        case 2:
            return sender, recipient, mail(sender, recipient, number, In_Reply_To="<0.x@y>")
        case 3:
            return "", recipient, mail("MAILER-DAEMON@" + sender, recipient, number)
        case 4:  # Postfix itself answers this one, to the sender, with a report.
            unknown = "nobody@" + recipient.partition("@")[2]
            return sender, unknown, mail(sender, unknown, number)
        case _:
            return sender, recipient, mail(sender, recipient, number)


async def test_installations_write_one_automatic_mail_in_100_rounds(world: World) -> None:
    one, two = world.one, world.two
    ways = ((one.address, two.address), (two.address, one.address))
    mails = [round_of(number, *way) for number in range(ROUNDS) for way in ways]

    await world.hand_in(*mails)

    async def are_received() -> bool:
        # A report of Postfix takes the place of each mail to nobody, and one acknowledgement comes.
        return await one.received() == await two.received() == ROUNDS + 1

    assert await until(are_received, seconds=60), world.relay.log()
    persons = {"ann@client.example": one, "bob@client.example": two}
    for person, whom in persons.items():
        await world.hand_in((person, whom.address, mail(person, whom.address, ROUNDS)))
    answered = [one.recipients[0] for one in await world.everybody.keeps(len(persons))]

    assert await one.written() == ["ann@client.example", two.address]
    assert await two.written() == ["bob@client.example", one.address]
    assert sorted(answered) == sorted(persons)
