"""An agent's desktop on the running system: REST calls, and messages over CometD."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from email.message import EmailMessage
from types import TracebackType
from typing import Any

import httpx2

from deploy.local.stack.system import System
from tests.cometd_client import CometdAgent
from tests.described import require_described_answer, require_described_event
from tests.fixtures.plain_http import NO_CERTIFICATES
from tests.support.clients import hand_in

TOPIC = "/v2/me/interactions"
WORKBINS = "/v2/me/workbins"


class DescribedAgent(CometdAgent):
    """A CometD client that accepts only messages that the API's description has."""

    async def event(self, *args: Any, **options: Any) -> Any:
        """Return the oldest event that fulfils the condition, if it is as described."""
        event = await super().event(*args, **options)
        require_described_event(event)
        return event

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Check the messages that the test did not wait for, too."""
        await super().__aexit__(kind, error, trace)
        for line in self._lines:
            if "event" in line:
                require_described_event(line["event"])


@dataclass(frozen=True)
class AgentDesktop:
    """An agent's program. Every answer and message has to be as described.

    `addresses` are those that answers held.
    """

    system: System
    client: httpx2.AsyncClient
    cometd: CometdAgent
    addresses: set[str] = field(default_factory=set)

    async def look_at(self, answer: httpx2.Response) -> None:
        """Compare an answer with the description, and keep the addresses in it."""
        await answer.aread()
        require_described_answer(answer)
        if answer.headers.get("content-type") == "application/json":
            self.addresses.update(addresses_in(answer.json()))

    async def visit(self) -> None:
        """Get every address of this API that an answer held."""
        for address in sorted(self.addresses):
            if address.startswith(("/api/v2/", f"{self.system.gateway_url}/")):
                answer = await self.client.get(address)
                assert answer.status_code == 200, f"{address}: {answer.text}"

    async def ready(self, *, is_ready: bool = True) -> None:
        """Take mail, or none."""
        name = "Ready" if is_ready else "NotReady"
        answer = await self.client.post("/api/v2/me/channels/email", json={"operationName": name})
        assert answer.status_code == 200, answer.text

    async def ask(self, interaction_id: str, name: str, **more: Any) -> httpx2.Response:
        """Ask for an operation."""
        return await self.client.post(
            f"/api/v2/me/interactions/{interaction_id}", json={"operationName": name, **more}
        )

    async def do(self, interaction_id: str, name: str, **more: Any) -> Any:
        """Do an operation that has to be taken, and return its answer."""
        answer = await self.ask(interaction_id, name, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def create(self, **more: Any) -> Any:
        """Begin a mail, and return its message."""
        answer = await self.ask("", "Create", queueName="drafts", **more)
        return await self.hear("ReplyCreated", answer.json()["interactionId"])

    async def hear(
        self, state: str, interaction_id: str | None = None, kind: str | None = None
    ) -> Any:
        """Return the next message of a state, perhaps of one mail or of one kind."""
        event = await self.cometd.event(
            lambda one: (
                one["channel"] == TOPIC
                and one["data"].get("state") == state
                and interaction_id in (None, one["data"]["id"])
                and kind in (None, one["data"]["notificationType"])
            )
        )
        return event["data"]

    async def hear_on(self, topic: str) -> Any:
        """Return the next message on a topic."""
        return (await self.cometd.event(lambda one: one["channel"] == topic))["data"]

    async def invited(self, **headers: str) -> Any:
        """Have a customer write while only this agent takes mail; return the invitation."""
        await self.ready()
        await hand_in(customer_mail(**headers), self.system.addresses.smtp)
        message = await self.hear("Invited")
        await self.ready(is_ready=False)
        return message

    async def accepted(self, **headers: str) -> Any:
        """Accept a new mail, and return its message."""
        invitation = await self.invited(**headers)
        await self.do(invitation["id"], "Accept")
        return await self.hear("Accepted", invitation["id"])

    async def replied(self, **more: Any) -> Any:
        """Begin to answer a new mail, and return the answer's message."""
        mail = await self.accepted()
        answer = await self.do(mail["id"], "Reply", queueName="drafts", **more)
        return await self.hear("ReplyCreated", answer["replyInteractionId"])

    async def listed(self, interaction_id: str) -> Any:
        """Return an interaction as the list of the agent's own shows it."""
        answer = await self.client.get("/api/v2/me/interactions?fields=*")
        return next(one for one in answer.json()["interactions"] if one["id"] == interaction_id)


def customer_mail(**headers: str) -> bytes:
    """Return the octets of Ann's mail."""
    mail = EmailMessage()
    given = {"From": "Ann <ann@example.org>", "To": "support@demo.example", "Subject": "Invoice 17"}
    for name, value in {**given, **headers}.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("Hello\nbye\n")
    if headers.get("X_File"):
        mail.add_attachment(b"scanned", maintype="image", subtype="tiff", filename="scan.tiff")
    return bytes(mail)


def addresses_in(value: Any) -> Iterator[str]:
    """Give everything in an answer that could be an address."""
    match value:
        case str() if value.startswith(("/", "http")):
            yield value
        case dict():
            for name, one in value.items():
                found = addresses_in(one)
                # Addresses without prefix go by this name.
                yield from (f"/api/v2{path}" for path in found) if name == "path" else found
        case list():
            for one in value:
                yield from addresses_in(one)


async def open_desktop(stack: AsyncExitStack, system: System, name: str) -> AgentDesktop:
    """Return an agent who listens, and is not ready."""
    client = await stack.enter_async_context(
        httpx2.AsyncClient(
            base_url=system.gateway_url, auth=(name, name), timeout=30, verify=NO_CERTIFICATES
        )
    )
    cometd = f"{system.gateway_url}/cometd"
    cometd_agent = await stack.enter_async_context(DescribedAgent(cometd, name, name))
    desktop = AgentDesktop(system, client, cometd_agent)
    client.event_hooks["response"] = [desktop.look_at]
    await desktop.ready(is_ready=False)
    for topic in (TOPIC, WORKBINS):
        assert (await cometd_agent.subscribe(topic))["successful"]
    return desktop
