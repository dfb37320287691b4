"""A thousand agents become Ready over a large backlog; some of them accept what they are offered.

What is measured: whether each Accept that was sent in time comes to something, how long it takes
to its event, and whether any mail is offered to two agents at the same time.
"""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, pairwise
from typing import Any, Final
from urllib.parse import urlsplit

from pymongo import AsyncMongoClient
from websockets.asyncio.client import ClientConnection

from shared.background_tasks import cancel_and_wait
from shared.domain.ids import new_id
from shared.domain.interaction import Address, Email, Interaction
from shared.domain.lifecycle import Direction, State
from shared.storage import journal
from shared.storage.interactions import interaction_store
from shared.storage.interactions.interaction_documents import to_document
from tests.bench.load.agents import PASSWORD, Listener, socket_of
from tests.bench.load.rest_caller import Call, Caller, RefusedError
from tests.bench.load.sample_mails import MAILBOX

INVITATION: Final = 30.0
"""Seconds: the default."""

_AT_ONCE: Final = 100
_LONGEST_RUSH: Final = 180.0
_MANY: Final = 2_000


@dataclass(slots=True)
class Accept:
    """One Accept: when it was sent and when its event came, seconds of `time.monotonic()`."""

    interaction_id: str
    sent_at: float
    heard_at: float | None = None
    refusal: str = ""

    @property
    def is_lost(self) -> bool:
        """Say whether nothing came of it."""
        return self.heard_at is None


@dataclass(frozen=True, slots=True)
class Rush:
    """The outcome of a rush: the Accepts that were sent in time, and mails offered twice."""

    accepts: Sequence[Accept]
    offers: int
    offered_twice: int

    @property
    def lost(self) -> int:
        """Accepts of which nothing came."""
        return sum(one.is_lost for one in self.accepts)

    @property
    def delays(self) -> list[float]:
        """Seconds from each Accept to its event."""
        return [one.heard_at - one.sent_at for one in self.accepts if one.heard_at is not None]


class RushAgent(Listener):
    """Accepts the first offer at a moment, or never; hears what comes of it."""

    def __init__(self, socket: ClientConnection, url: str, name: str) -> None:
        super().__init__(socket)
        self._port = urlsplit(url).port or 0
        self._name = name
        self._accepting: asyncio.Task[None] | None = None
        self._decided = asyncio.Event()
        self.accepts_at: float | None = None
        self.accept: Accept | None = None

    async def become_ready(self) -> None:
        """Be Ready on the channel."""
        await self._ask("/me/channels/email", "Ready")

    async def hear(self, news: dict[str, Any], moment: float) -> None:
        """Accept the first invitation in its time; note what comes of it."""
        match news["state"]:
            case "Invited" if self._accepting is None and self.accepts_at is not None:
                self._accepting = asyncio.create_task(self._accept(news["id"], moment))
            case "Accepted" if self.accept and self.accept.interaction_id == news["id"]:
                self.accept.heard_at = self.accept.heard_at or moment
                self._decided.set()

    async def outcome(self) -> Accept | None:
        """Return the Accept once its event came; None where none was sent in time."""
        await self._decided.wait()
        return self.accept

    async def _accept(self, interaction_id: str, invited_at: float) -> None:
        moment = max(invited_at, self.accepts_at or 0.0)
        await asyncio.sleep(moment - time.monotonic())
        if time.monotonic() >= invited_at + INVITATION:
            self._decided.set()
            return
        self.accept = Accept(interaction_id, time.monotonic())
        try:
            await self._ask(f"/me/interactions/{interaction_id}", "Accept")
        except RefusedError as error:
            self.accept.refusal = str(error)
            self._decided.set()

    async def _ask(self, path: str, operation: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        caller = Caller(reader, writer, self._name, PASSWORD)
        try:
            await caller.call(Call("POST", f"/api/v2{path}", {"operationName": operation}))
        finally:
            caller.close()


async def rush(
    mongodb_url: str, gateways: Sequence[str], names: Sequence[str], *, working: int, spread: float
) -> Rush:
    """Have all agents become Ready, and `working` of them accept within `spread` seconds."""
    async with _listening(gateways, names) as agents:
        began = time.monotonic()
        for number, agent in enumerate(agents[:working]):
            agent.accepts_at = began + number * spread / working
        gate = asyncio.Semaphore(_AT_ONCE)

        async def become_ready(agent: RushAgent) -> None:
            async with gate:
                await agent.become_ready()

        await asyncio.gather(*(become_ready(agent) for agent in agents))
        deciding = [asyncio.create_task(agent.outcome()) for agent in agents[:working]]
        _, late = await asyncio.wait(deciding, timeout=_LONGEST_RUSH)
        for task in late:
            task.cancel()
        accepts = [agent.accept for agent in agents if agent.accept is not None]
    offers, twice = count_offers(await _told(mongodb_url))
    return Rush(accepts, offers, twice)


async def fill_backlog(mongodb_url: str, mails: int) -> None:
    """Put so many waiting mails into the queue, straight into the database."""
    async with AsyncMongoClient[dict[str, Any]](mongodb_url) as client:
        collection = client.get_default_database()[interaction_store.COLLECTION]
        for first in range(0, mails, _MANY):
            some = range(first, min(first + _MANY, mails))
            await collection.insert_many([_waiting_mail(number) for number in some], ordered=False)


def _waiting_mail(number: int) -> dict[str, Any]:
    now = datetime.now(UTC)
    mail = Interaction(
        id=new_id(),
        direction=Direction.INBOUND,
        subtype="InboundNew",
        state=State.QUEUED,
        queue="support",
        received_at=now,
        queued_at=now,
        mailbox=MAILBOX,
        mail=Email(
            subject=f"Waiting {number}",
            sender=Address("ann@example.org"),
            to=(Address(MAILBOX),),
            text="Where is my parcel?\n" * 50,
            message_id=f"<waiting-{number}@example.org>",
        ),
    )
    return to_document(mail) | {"outbox": [], "applied": [], "changed_at": now}


async def _told(mongodb_url: str) -> list[dict[str, Any]]:
    async with AsyncMongoClient[dict[str, Any]](mongodb_url) as client:
        entries = client.get_default_database()[journal.COLLECTION].find({})
        return [json.loads(entry["envelope"])["body"] async for entry in entries]


def count_offers(events: Iterable[Mapping[str, Any]]) -> tuple[int, int]:
    """Return how many offers some events tell of, and how many came while another one stood."""
    by_mail: dict[str, dict[int, str]] = defaultdict(dict)
    for event in events:
        if "version" in event:
            by_mail[event["interaction_id"]][event["version"]] = event["type"]
    types = [[kinds[version] for version in sorted(kinds)] for kinds in by_mail.values()]
    return (
        sum(kind == "invited" for one in types for kind in one),
        sum(pair == ("invited", "invited") for one in types for pair in pairwise(one)),
    )


@asynccontextmanager
async def _listening(
    gateways: Sequence[str], names: Sequence[str]
) -> AsyncIterator[list[RushAgent]]:
    async with AsyncExitStack() as stack:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def log_in(url: str, name: str) -> RushAgent:
            async with gate:
                socket = await stack.enter_async_context(socket_of(url, name))
                agent = RushAgent(socket, url, name)
                await agent.subscribe()
                return agent

        pairs = zip(cycle(gateways), names)
        agents = await asyncio.gather(*(log_in(url, name) for url, name in pairs))
        tasks = [asyncio.create_task(agent.listen()) for agent in agents]
        try:
            yield agents
        finally:
            await cancel_and_wait(tasks)
