"""Agents' work in any state, written straight into the database."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pymongo import AsyncMongoClient

from shared.domain.ids import new_id
from shared.domain.interaction import Address, Email, Interaction, Invitation, Place
from shared.domain.lifecycle import Direction, State
from shared.storage.interactions import interaction_store
from shared.storage.interactions.interaction_documents import to_document
from tests.bench.load.rest_caller import Call
from tests.bench.load.sample_mails import MAILBOX
from tests.bench.systems import bare_endpoint

_DRAFTS: Final = {"queueName": "support"}
_WORDS: Final = {"toAddress": "ann@example.org", "text": "It is done."}
_TEXT: Final = "Where is my parcel?\n" * 200

Shape = Callable[[str], Mapping[str, Any]]


def _offered(agent_id: str) -> Mapping[str, Any]:
    ends = datetime.now(UTC) + timedelta(hours=1)
    return {"state": State.INVITED, "invitation": Invitation(agent_id, ends)}


def _accepted(agent_id: str) -> Mapping[str, Any]:
    return {"state": State.ACCEPTED, "owner_id": agent_id}


def _drafted(agent_id: str) -> Mapping[str, Any]:
    return {
        "state": State.REPLY_CREATED,
        "owner_id": agent_id,
        "direction": Direction.OUTBOUND,
        "subtype": "OutboundReply",
    }


def _kept(agent_id: str) -> Mapping[str, Any]:
    return {"state": State.IN_WORKBIN, "place": Place("email.draft", agent_id)}


@dataclass(frozen=True, slots=True)
class Task:
    """A measured operation: its name, the state it needs, and its parameters.

    `reads` is a path that is read instead, `is_put` says that it is a PUT. `to_neighbour` adds
    another agent's id.
    """

    name: str
    shape: Shape
    body: Mapping[str, Any] = field(default_factory=dict)
    is_put: bool = False
    to_neighbour: bool = False
    reads: str = ""

    def call(self, interaction_id: str, neighbour: str, *, waits: bool) -> Call:
        """Return the request."""
        path = f"/api/v2/me/interactions/{interaction_id}"
        if self.reads:
            return Call("GET", self.reads.format(id=interaction_id))
        headers = {"Prefer": "wait=30"} if waits else {}
        if self.is_put:
            return Call("PUT", path, self.body, headers)
        target = {"userId": neighbour} if self.to_neighbour else {}
        return Call("POST", path, {"operationName": self.name, **self.body, **target}, headers)


TASKS: Final = (
    Task("Accept", _offered),
    Task("Reject", _offered),
    Task("Reply", _accepted, {**_DRAFTS, "quoteOriginal": True}),
    Task("PUT (save)", _drafted, {"email_object": _WORDS}, is_put=True),
    Task("Send", _drafted, {**_DRAFTS, "email_object": _WORDS}),
    Task("Complete", _accepted),
    Task("UpdateUserData", _accepted, {"userData": {"ServiceType": "parcels"}}),
    Task("Transfer", _accepted, to_neighbour=True),
    Task("PlaceInWorkbin", _accepted, {"workbin": "email.draft"}),
    Task("PullInteraction", _kept),
    Task("GET mine", _accepted, reads="/api/v2/me/interactions?fields=*"),
    Task("GET one", _accepted, reads="/api/v2/interactions/{id}"),
)


async def fill(mongodb_url: str, task: Task, agents: Sequence[str], each: int) -> list[list[str]]:
    """Give every agent so much work, and nothing else; return the ids by agent.

    The bare endpoint gets documents that are just the same.
    """
    desks = [[_interaction(task.shape(agent)) for _ in range(each)] for agent in agents]
    documents = [
        to_document(one) | {"outbox": [], "applied": [], "changed_at": one.received_at}
        for desk in desks
        for one in desk
    ]
    async with AsyncMongoClient[dict[str, Any]](mongodb_url) as client:
        for name in (interaction_store.COLLECTION, bare_endpoint.COLLECTION):
            collection = client.get_default_database()[name]
            await collection.delete_many({})
            await collection.insert_many(documents)
    return [[one.id for one in desk] for desk in desks]


def _interaction(fields: Mapping[str, Any]) -> Interaction:
    now = datetime.now(UTC)
    usual: dict[str, Any] = {
        "id": new_id(),
        "direction": Direction.INBOUND,
        "subtype": "InboundNew",
        "queue": "support",
        "received_at": now,
        "queued_at": now,
        "mailbox": MAILBOX,
        "mail": Email(
            subject="Parcel 17",
            sender=Address(MAILBOX) if "direction" in fields else Address("ann@example.org"),
            to=(Address("ann@example.org" if "direction" in fields else MAILBOX),),
            text=_TEXT,
            message_id=f"<{new_id()}@example.org>",
        ),
    }
    return Interaction(**{**usual, **fields})
