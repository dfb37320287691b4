"""A contact center that has worked for years: collections so large that no scan goes unseen."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pymongo

from shared.contracts.contact_center import ContactCenter, Queue
from shared.domain.contacts.contact import MOST_MERGED, Contact
from shared.domain.deliveries.delivery import Delivery, DeliveryState, Recipient
from shared.domain.ids import id_of
from shared.domain.interaction import Address, Email, Exclusion, Interaction, Invitation, Place
from shared.domain.lifecycle import Direction, State
from shared.storage import journal, journal_generations, parked_messages
from shared.storage.agents import agent_login_store, agent_store
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.contacts import contact_store
from shared.storage.contacts.contact_documents import to_document as to_contact_document
from shared.storage.database import leases
from shared.storage.database.client import Database, Document
from shared.storage.files import chunked_files, document_store, vault
from shared.storage.indexes import (
    LINK_KEYS,
    LOGIN_FAILURES,
    LOGINS,
    PREFERENCES,
    REMEMBERED_ANSWERS,
    REPLICAS,
    SESSIONS,
    TURNS,
    create_indexes,
)
from shared.storage.interactions import interaction_store
from shared.storage.interactions.interaction_documents import to_document
from shared.storage.mails import arrival_store, delivery_store, mailbox_store
from shared.storage.mails import delivery_documents as of_delivery
from tests.doubles.clock import MovableClock
from tests.support.backend import agent_document

DOCUMENTS: Final = int(os.environ.get("LARGE_DOCUMENTS", "100000"))
"""How many interactions, arrivals, deliveries and entries of the journal there are of each."""

AGENTS: Final = int(os.environ.get("LARGE_AGENTS", "2000"))
UNMOVED: Final = 20
"""Agents whose logins are where an earlier release kept them."""

WAITING: Final = 3_000
IN_HAND: Final = 200
HELD_BY_ONE: Final = 40
"""What one agent holds, `BUSIEST`."""

RECENT: Final = 50
"""Arrivals of the last hour; all of them are read."""

FREE: Final = AGENTS // 6 + 1
"""At most so many agents are free."""

BEGAN: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""When the last of them arrived; `MovableClock` begins there."""

QUEUES: Final = ("support", "sales")
"""The backlog is in `support`, whose agents are busy; those of `sales` are free."""

_CONTACTS: Final = 1_000
"""Contacts who wrote those mails. Every tenth is merged into the first, up to the most allowed."""

_BESIDE: Final = 2_000
"""Documents of a collection that stays smaller."""


@dataclass(frozen=True, slots=True)
class LargeDatabase:
    """The contact center, and a clock that stands where the newest mail came."""

    database: Database
    clock: MovableClock


def number(at: int) -> str:
    """Return the id of a finished mail, and of its arrival and delivery, by its number."""
    return f"{at:016d}"


def mail_id(at: int) -> str:
    """Return the Message-ID of a finished mail."""
    return f"<{number(at)}@example.org>"


def agent_id(at: int) -> str:
    """Return the id of an agent. Those with an even number take mail."""
    return f"agent{at:05d}"


BUSIEST: Final = agent_id(IN_HAND + 1)


async def fill_database(database: Database) -> LargeDatabase:
    """Write all of it, and the indexes afterwards, which is quicker."""
    clock = MovableClock()
    await _write_mails(database)
    await _write_work_in_progress(database)
    await _write_agents(database)
    await _write_small_ones(database)
    await create_indexes(database)
    center = ContactCenter(name="test", queues=tuple(Queue(name=one) for one in QUEUES))
    await ConfigurationStore(database, clock).write(center)
    return LargeDatabase(database, clock)


async def _write_mails(database: Database) -> None:
    """Write what is over: the large part of everything."""
    name = _padded("$n")
    at = {"$subtract": [BEGAN, {"$multiply": ["$n", 1000]}]}
    message_id = {"$concat": ["<", name, "@example.org>"]}
    finished = to_document(
        Interaction(
            id="",
            direction=Direction.INBOUND,
            subtype="InboundNew",
            state=State.COMPLETED,
            queue="support",
            received_at=BEGAN,
            queued_at=BEGAN,
            mail=Email(subject="Invoice", sender=Address("ann@example.org")),
        )
    )
    mail = {"$mergeObjects": [{"$literal": finished["mail"]}, {"message_id": message_id}]}
    await _make(
        database,
        interaction_store.COLLECTION,
        finished | {"outbox": [], "applied": []},
        {
            "_id": name,
            "owner_id": {"$concat": ["agent", _padded({"$mod": ["$n", AGENTS]}, 5)]},
            "thread_id": _padded({"$floor": {"$divide": ["$n", 4]}}),
            "contact_id": _padded({"$mod": ["$n", _CONTACTS]}),
            "parent_id": {"$cond": [{"$eq": [{"$mod": ["$n", 2]}, 0]}, None, _padded("$n")]},
            "arrival_id": name,
            "arrival_key": name,
            "mail": mail,
            "received_at": at,
            "queued_at": at,
            "rank": at,
            "changed_at": at,
        },
    )
    arrival = {"sender": "ann@example.org", "mailboxes": ["support"], "peer": "", "outbox": []}
    content = {"sha256": name, "size": 100_000}
    await _make(
        database,
        arrival_store.COLLECTION,
        arrival,
        {"_id": name, "received_at": at, "content": content},
    )
    delivery = of_delivery.to_document(
        Delivery("", "", "", "support@demo.example", (Recipient("ann@example.org"),), BEGAN)
    )
    await _make(
        database,
        delivery_store.COLLECTION,
        delivery | {"state": DeliveryState.SENT.value, "outbox": [], "correlation_id": str(_NO_ID)},
        {"_id": name, "message_id": message_id, "queued_at": at, "raw": content},
    )
    await _make(
        database,
        journal.COLLECTION,
        {"envelope": b"{}", "expires_at": datetime(2100, 1, 1, tzinfo=UTC)},
        {
            "_id": name,
            "agent_id": {"$concat": ["agent", _padded({"$mod": ["$n", AGENTS]}, 5)]},
            "position": {"$add": [1, {"$floor": {"$divide": ["$n", AGENTS]}}]},
        },
    )


_NO_ID: Final = "00000000-0000-0000-0000-000000000000"


def waiting_id(at: int) -> str:
    """Return the id of a mail that waits."""
    return f"W{at:015d}"


def recent_arrival(at: int) -> str:
    """Return the id of a mail that arrived within the last hour."""
    return f"{id_of(BEGAN - timedelta(hours=1))}{at:08d}"


def held_id(at: int) -> str:
    """Return the id of a mail that an agent was offered or works on."""
    return f"X{at:015d}"


async def _write_work_in_progress(database: Database) -> None:
    """Write what waits, what agents hold and keep, and what is being sent."""
    excluded = (Exclusion(agent_id(1), BEGAN - timedelta(hours=1)),)
    found = [
        _work(waiting_id(at), State.QUEUED, "support", at, excluded=excluded)
        for at in range(WAITING)
    ]
    found += [_work(f"T{at:015d}", State.ACCEPTED, owner_id=BUSIEST) for at in range(HELD_BY_ONE)]
    for at, work in enumerate(found[:RECENT]):
        work["arrival_id"] = recent_arrival(at)
    # Some wait where agents are free, some for a skill that nobody has.
    found += [_work(f"U{at:015d}", State.QUEUED, "sales", at) for at in range(30)]
    # Many mails of few sets of needs that nobody meets.
    found += [
        _work(f"D{at:015d}", State.QUEUED, "sales", at, needs={("latin", "greek")[at % 2]: 1})
        for at in range(600)
    ]
    found += [_work(f"V{at:015d}", State.QUEUED, "support", at, skill="latin") for at in range(3)]
    for at in range(IN_HAND):
        holder, until = agent_id(2 * at), BEGAN + timedelta(hours=1)
        found += [
            _work(held_id(3 * at), State.INVITED, at=at, invitation=Invitation(holder, until)),
            _work(held_id(3 * at + 1), State.ACCEPTED, at=at, owner_id=holder),
            _work(
                held_id(3 * at + 2),
                State.REPLY_CREATED,
                at=at,
                direction=Direction.OUTBOUND,
                subtype="OutboundReply",
                owner_id=holder,
                parent_id=held_id(3 * at + 1),
            ),
            _work(
                f"Y{at:015d}",
                State.IN_WORKBIN,
                at=at,
                place=Place("shared", "support", of_group=True)
                if at % 20
                else Place("drafts", agent_id(0)),
            ),
            _work(
                f"Z{at:015d}",
                State.SENDING,
                at=at,
                direction=Direction.OUTBOUND,
                subtype="OutboundReply",
                owner_id=agent_id(at),
                parent_id=number(at),
            ),
        ]
    await database[interaction_store.COLLECTION].insert_many(found)
    await database[arrival_store.COLLECTION].insert_many(
        [{"_id": recent_arrival(at), "outbox": []} for at in range(RECENT)]
    )
    sent = Delivery("", agent_id(0), mail_id(0), "", (Recipient("ann@example.org"),), BEGAN)
    due = [
        of_delivery.to_document(sent)
        | {
            "_id": f"Z{at:015d}",
            "state": state.value,
            "outbox": [],
            "raw": b"Subject: x\r\n\r\nx\r\n",
            "correlation_id": _NO_ID,
            **({} if state in _SETTLED else {"next_attempt_at": BEGAN + timedelta(minutes=5)}),
        }
        for at, state in enumerate(list(DeliveryState) * 25)
    ]
    await database[delivery_store.COLLECTION].insert_many(due)


_SETTLED: Final = (
    DeliveryState.SENT,
    DeliveryState.CANCELED,
    DeliveryState.FAILED,
    DeliveryState.UNCERTAIN,
)


def _work(
    interaction_id: str, state: State, queue: str = "support", at: int = 0, **more: Any
) -> Document:
    moment = BEGAN - timedelta(minutes=10) + timedelta(milliseconds=at)
    fields: dict[str, Any] = {
        "direction": Direction.INBOUND,
        "subtype": "InboundNew",
        "received_at": moment,
        "queued_at": moment,
        "thread_id": interaction_id,
        "mail": Email(text="x" * 200, message_id=f"<{interaction_id}@example.org>"),
        **more,
    }
    interaction = Interaction(id=interaction_id, state=state, queue=queue, **fields)
    return to_document(interaction) | {"outbox": [], "applied": [], "changed_at": moment}


async def _write_agents(database: Database) -> None:
    everyone = [
        agent_document(agent_id(at))
        | {
            "password_hash": "x" if at < UNMOVED else "",
            "ready": at % 2 == 0,
            "logged_in": at % 2 == 0,
            "enabled": at % 10 != 9,
            "free": 1 if at % 6 == 0 and at >= 2 * IN_HAND else 0,
            "holding": _holding(at),
            "queues": ["support"] if at % 3 else ["sales"],
            "skills": {"english": 5} | ({"german": 3} if at % 2 else {}),
            "idle_since": BEGAN,
            "state_since": BEGAN - timedelta(hours=1),
            **({"connected_at": BEGAN} if at % 2 == 0 else {}),
        }
        for at in range(AGENTS)
    ]
    await database[agent_store.COLLECTION].insert_many(everyone)
    moved = {"roles": ["Agent"], "enabled": True, "password_hash": "x"}
    await database[agent_login_store.COLLECTION].insert_many(
        [one | moved for one in _names(range(UNMOVED, AGENTS))]
    )


def _holding(at: int) -> list[str]:
    """Return what an agent holds: an offer and a mail, or all that `BUSIEST` works on."""
    if agent_id(at) == BUSIEST:
        return [f"T{work:015d}" for work in range(HELD_BY_ONE)]
    is_busy = at % 2 == 0 and at < 2 * IN_HAND
    return [held_id(3 * at // 2), held_id(3 * at // 2 + 1)] if is_busy else []


def _names(numbers: range) -> list[Document]:
    return [{"_id": agent_id(at), "user_name": agent_id(at)} for at in numbers]


async def _write_small_ones(database: Database) -> None:
    """Write what other collections hold: of each something that is not asked for."""
    ends = datetime(2100, 1, 1, tzinfo=UTC)
    rows: Mapping[str, Document] = {
        SESSIONS: {"expires_at": ends, "agent_id": "", "csrf_token": "", "proof": ""},
        LOGIN_FAILURES: {"expires_at": ends, "count": 1.0, "at": BEGAN},
        REMEMBERED_ANSWERS: {"expires_at": ends},
        TURNS: {"expires_at": ends, "turns": []},
        LINK_KEYS: {"expires_at": ends, "key": b"x"},
        PREFERENCES: {"text": "{}"},
        LOGINS: {"version": 1},
        leases.COLLECTION: {"holder": "", "until": BEGAN, "wanted": False},
        mailbox_store.COLLECTION: {
            "address": "desk@demo.example",
            "folder": "INBOX",
            "described_at": BEGAN,
            "uid": 1,
            "lease": {"holder": "others", "until": BEGAN},
        },
        journal_generations.NEWEST: {"position": 1},
        vault.COLLECTION: {"size": 1, "bytes": b"x", "stored_at": BEGAN},
        chunked_files.FILES: {"kept": True, "uploadDate": BEGAN, "length": 1},
        parked_messages.DISCARDED: {"queue": "routing.work"},
    }
    for collection, fields in rows.items():
        await _make(database, collection, fields, {"_id": _padded("$n")}, count=_BESIDE)
    await _make(
        database,
        document_store.COLLECTION,
        {"name": "a.pdf", "media_type": "application/pdf", "size": 1, "stored_at": BEGAN},
        {"_id": _padded("$n"), "interaction_id": _padded("$n"), "sha256": _padded("$n")},
        count=_BESIDE,
    )
    await _make(
        database,
        chunked_files.CHUNKS,
        {"data": b"x"},
        {"files_id": _padded({"$floor": {"$divide": ["$n", 10]}}), "n": {"$mod": ["$n", 10]}},
        count=_BESIDE,
    )
    await _make(
        database,
        parked_messages.COLLECTION,
        {"message_id": "", "body": b"", "correlation_id": "", "reason": "", "attempts": 1},
        {
            "_id": _padded("$n"),
            "parked_at": {"$add": [BEGAN, "$n"]},
            "queue": {"$cond": [{"$lt": ["$n", 5]}, "routing.work", "ingest.work"]},
        },
        count=_BESIDE,
    )
    merged = {"$and": [{"$eq": [{"$mod": ["$n", 10]}, 5]}, {"$lt": ["$n", 10 * MOST_MERGED]}]}
    await _make(
        database,
        contact_store.COLLECTION,
        to_contact_document(Contact("")),
        {
            "_id": _padded("$n"),
            "addresses": [{"$concat": [_padded("$n"), "@example.org"]}],
            "merged_into": {"$cond": [merged, number(0), "$$REMOVE"]},
        },
        count=_BESIDE,
    )
    # Pods are few, and forgotten in half a minute.
    await database[REPLICAS].insert_one({"_id": "pod", "url": "", "expires_at": ends})


async def _make(
    database: Database,
    collection: str,
    fields: Document,
    computed: Document,
    *,
    count: int = DOCUMENTS,
) -> None:
    """Have the server write documents that differ in what follows from their number, `$n`."""
    await database["numbers"].replace_one({"_id": 0}, {"_id": 0}, upsert=True)
    stages: list[Document] = []
    for first in range(0, count, 100_000):
        stages = [
            {"$project": {"n": {"$range": [first, min(count, first + 100_000)]}}},
            {"$unwind": "$n"},
            {"$replaceWith": {"$mergeObjects": [{"$literal": fields}, computed]}},
            {"$merge": {"into": collection, "whenMatched": "fail"}},
        ]
        if "_id" not in computed:
            stages.insert(3, {"$unset": "_id"})
        with pymongo.timeout(600):
            await database["numbers"].aggregate(stages)


def _padded(value: Any, width: int = 16) -> Document:
    """Return the expression for a number with zeros in front, which sorts as it counts."""
    text = {"$concat": ["0" * width, {"$toString": {"$toLong": value}}]}
    length = {"$strLenCP": text}
    return {"$substrCP": [text, {"$subtract": [length, width]}, width]}
