"""A simulated agent: reacts to each message, and reads the state again after a lost connection."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any, Final

import httpx2 as httpx

from deploy.local.agent_client import AgentClient, Message

_PAUSE: Final = 0.3
_ENDS: Final = frozenset({"Sent", "Uncertain"})
_REPLY: Final = {"operationName": "Reply", "quoteOriginal": True, "queueName": "drafts"}
_SEND: Final = {
    "operationName": "Send",
    "queueName": "drafts",
    "email_object": {"text": "It is done."},
}


class WorkingAgent(AgentClient):
    """Accepts, replies, sends and completes whatever is offered.

    An order whose answer was lost is given again. Where that made a second draft, one of the two
    is sent and the other canceled.
    """

    def __init__(self, client: httpx.AsyncClient, on_message: Callable[[], None]) -> None:
        super().__init__(client)
        self.told: dict[str, set[str]] = defaultdict(set)
        self._on_message = on_message
        self._drafts: dict[str, str] = {}
        self._answered_by: dict[str, str] = {}
        self._given: set[tuple[str, str]] = set()

    async def work(self) -> None:
        """Do what each message asks for, for ever."""
        async with asyncio.TaskGroup() as doing:
            while True:
                message = await self.next_message()
                self.told[message["id"]].add(message["state"])
                self._on_message()
                doing.create_task(self._react(message))

    async def catch_up(self) -> None:
        """Read the agent's work, and the outcome of the work that is no longer theirs."""
        await super().catch_up()
        for draft, mail in list(self._drafts.items()):
            for one, ends in ((draft, _ENDS), (mail, {"Completed"})):
                if not ends & self.told[one]:
                    await self._ask(one)

    async def _ask(self, interaction_id: str) -> None:
        answer = await self.download(f"/interactions/{interaction_id}")
        if answer.is_success:
            self.add_message(answer.json()["interaction"])

    async def _react(self, message: Message) -> None:
        one, state = message["id"], message["state"]
        match state:
            case "Invited":
                await self._order(one, {"operationName": "Accept"})
            case "Accepted":
                await self._reply(one)
            case "ReplyCreated":
                await self._send(one, message["parentInteractionId"])
            case "Sent" | "Uncertain" if one in self._drafts:
                await self._once(self._drafts[one], {"operationName": "Complete"})

    async def _reply(self, mail: str) -> None:
        if mail not in self._answered_by:
            await self._once(mail, _REPLY)

    async def _send(self, draft: str, mail: str) -> None:
        self._drafts[draft] = mail
        if self._answered_by.setdefault(mail, draft) == draft:
            await self._once(draft, _SEND)
        else:
            await self._once(draft, {"operationName": "Cancel"})

    async def _once(self, interaction_id: str, order: Mapping[str, Any]) -> None:
        """Give an order, unless it is being given or was taken; one that was refused may come."""
        key = (interaction_id, order["operationName"])
        if key in self._given:
            return
        self._given.add(key)
        if not await self._order(interaction_id, order):
            self._given.discard(key)

    async def _order(self, interaction_id: str, order: Mapping[str, Any]) -> bool:
        """Give an order until there is an answer; say whether it was taken."""
        while True:
            status = await self._status(interaction_id, order)
            if status < HTTPStatus.INTERNAL_SERVER_ERROR:
                return status == HTTPStatus.OK
            await asyncio.sleep(_PAUSE)

    async def _status(self, interaction_id: str, order: Mapping[str, Any]) -> int:
        try:
            return (await self.ask(f"/me/interactions/{interaction_id}", order)).status_code
        except httpx.HTTPError:
            return HTTPStatus.SERVICE_UNAVAILABLE

    async def become(self, presence: str) -> None:
        """Be Ready or NotReady."""
        await self.post("/me/channels/email", {"operationName": presence})


@asynccontextmanager
async def working_agent(
    url: str, user: str, on_message: Callable[[], None] = lambda: None
) -> AsyncIterator[WorkingAgent]:
    """Give an agent who is Ready and works for as long as the block runs."""
    async with httpx.AsyncClient(base_url=url, auth=(user, user), timeout=30) as client:
        agent = WorkingAgent(client, on_message)
        async with agent.listening():
            working = asyncio.create_task(agent.work())
            await agent.catch_up()
            await agent.become("Ready")
            try:
                yield agent
            finally:
                working.cancel()
                with suppress(asyncio.CancelledError):
                    await working
                await agent.become("NotReady")
