"""Every index, as data. `mailroom apply` and the start of each service create them."""

from collections.abc import Iterable
from typing import Final

import pymongo
from pymongo import ASCENDING, TEXT, IndexModel

from shared.domain.lifecycle import State
from shared.storage import journal, parked_messages
from shared.storage.agents import agent_login_store, agent_store
from shared.storage.contacts import contact_store
from shared.storage.database import witness
from shared.storage.database.client import Database, database_errors
from shared.storage.database.outbox import HAS_MESSAGES
from shared.storage.files import chunked_files, document_store, vault
from shared.storage.interactions import interaction_store
from shared.storage.interactions.active import AT_HAND, IS_ACTIVE, IS_WORKED_ON
from shared.storage.interactions.interaction_documents import SEARCHED_FIELDS
from shared.storage.mails import (
    allowance_store,
    arrival_store,
    awaited_mail_store,
    delivery_store,
    mailbox_store,
    report_store,
)
from shared.storage.mails.delivery_documents import IS_UNSETTLED, IS_WRITTEN
from shared.storage.mails.discarded_mails import IS_DISCARDED, IS_MARKED

DOCUMENTS: Final = document_store.COLLECTION
DELIVERIES: Final = delivery_store.COLLECTION
SESSIONS: Final = "sessions"
LOGIN_FAILURES: Final = "login_failures"
REMEMBERED_ANSWERS: Final = "remembered_answers"
REPLICAS: Final = "replicas"
TURNS: Final = "turns"
LOGINS: Final = "logins"
LINK_KEYS: Final = "link_keys"
PREFERENCES: Final = "preferences"


# An index over millions of documents takes minutes.
_LONGEST_BUILD_SECONDS: Final = 3600


def _owing() -> IndexModel:
    return IndexModel(
        [("outbox.at", ASCENDING)], name="owing", partialFilterExpression=HAS_MESSAGES
    )


def _ending() -> IndexModel:
    return IndexModel([("expires_at", ASCENDING)], name="ended", expireAfterSeconds=0)


def _holding(field: str) -> IndexModel:
    return IndexModel(
        [(field, ASCENDING)],
        name="holding",
        partialFilterExpression={field: {"$exists": True}},
    )


INDEXES: Final[dict[str, list[IndexModel]]] = {
    interaction_store.COLLECTION: [
        _owing(),
        IndexModel(
            [("queue", ASCENDING), ("rank", ASCENDING), ("_id", ASCENDING)],
            name="waiting-by-rank",
            partialFilterExpression={"state": State.QUEUED.value},
        ),
        IndexModel(
            # With the state, the sets of needs are read from the index alone.
            [
                ("queue", ASCENDING),
                ("state", ASCENDING),
                ("needs_key", ASCENDING),
                ("rank", ASCENDING),
                ("_id", ASCENDING),
            ],
            name="queued-by-needs",
            partialFilterExpression={"state": State.QUEUED.value},
        ),
        IndexModel(
            [("queue", ASCENDING), ("rank", ASCENDING), ("_id", ASCENDING)],
            name="waiting-for-skill-by-rank",
            partialFilterExpression={"state": State.QUEUED.value, "skill": {"$gt": ""}},
        ),
        IndexModel(
            [("invitation.expires_at", ASCENDING)],
            name="offered",
            partialFilterExpression={"state": State.INVITED.value},
        ),
        IndexModel(
            [("arrival_key", ASCENDING)],
            name="one-per-mail",
            unique=True,
            partialFilterExpression={"arrival_key": {"$exists": True}},
        ),
        IndexModel(
            [("place.owner", ASCENDING), ("place.workbin", ASCENDING)],
            name="kept",
            partialFilterExpression={"state": State.IN_WORKBIN.value},
        ),
        IndexModel(
            [("parent_id", ASCENDING), ("changed_at", ASCENDING)],
            name="following",
            # MongoDB can match a query to a comparison such as `$gt`, and not to a `$type`.
            partialFilterExpression={"parent_id": {"$gt": ""}},
        ),
        # For threads by the id alone. Fetching looks in one mailbox, and a stranger may have sent
        # mails with the same id to others.
        IndexModel([("mail.message_id", ASCENDING), ("mailbox", ASCENDING)], name="by-message-id"),
        IndexModel(
            [("mail.thread_token", ASCENDING)],
            name="with-thread-token",
            partialFilterExpression={"mail.thread_token": {"$gt": ""}},
        ),
        IndexModel(
            [("contact_id", ASCENDING), ("_id", ASCENDING)],
            name="of-contact",
            partialFilterExpression={"contact_id": {"$gt": ""}},
        ),
        IndexModel(
            [("arrival_id", ASCENDING)],
            name="from-arrival",
            partialFilterExpression={"arrival_id": {"$gt": ""}},
        ),
        IndexModel(
            [("copies", ASCENDING)],
            name="copied",
            partialFilterExpression={"copies": {"$exists": True}},
        ),
        IndexModel(
            [("refused", ASCENDING)],
            name="refused-command",
            partialFilterExpression={"refused": {"$exists": True}},
        ),
        # An agent's list in its order: a page of it is read from the keys of these two.
        IndexModel(
            [
                ("owner_id", ASCENDING),
                ("state", ASCENDING),
                ("received_at", ASCENDING),
                ("_id", ASCENDING),
            ],
            name="owned-by-age",
        ),
        IndexModel(
            [
                ("invitation.agent_id", ASCENDING),
                ("state", ASCENDING),
                ("received_at", ASCENDING),
                ("_id", ASCENDING),
            ],
            name="invited-by-age",
            partialFilterExpression={"state": State.INVITED.value},
        ),
        IndexModel(
            [("state", ASCENDING), ("_id", ASCENDING)],
            name="active",
            partialFilterExpression=IS_ACTIVE,
        ),
        # Pages of `GET /interactions`: by each of its filters, and by it and the state.
        IndexModel(
            [("queue", ASCENDING), ("state", ASCENDING), ("_id", ASCENDING)],
            name="active-in-queue",
            partialFilterExpression=IS_ACTIVE,
        ),
        IndexModel(
            [("subtype", ASCENDING), ("state", ASCENDING), ("_id", ASCENDING)],
            name="active-of-subtype",
            partialFilterExpression=IS_ACTIVE,
        ),
        IndexModel(
            [("thread_id", ASCENDING), ("_id", ASCENDING)],
            name="in-thread",
            partialFilterExpression={"thread_id": {"$gt": ""}},
        ),
        IndexModel(
            [("parent_id", ASCENDING), ("_id", ASCENDING)],
            name="active-below",
            partialFilterExpression=IS_ACTIVE | {"parent_id": {"$gt": ""}},
        ),
        IndexModel(
            [("state", ASCENDING), ("owner_id", ASCENDING)],
            name="on-a-desk",
            partialFilterExpression=IS_WORKED_ON,
        ),
        IndexModel(
            [("changed_at", ASCENDING)], name="untouched", partialFilterExpression=IS_WORKED_ON
        ),
        IndexModel(
            [("state", ASCENDING), ("_id", ASCENDING)],
            name="discarded",
            partialFilterExpression=IS_DISCARDED,
        ),
        IndexModel(
            [("mailbox", ASCENDING), ("state", ASCENDING), ("_id", ASCENDING)],
            name="discarded-of-mailbox",
            partialFilterExpression=IS_DISCARDED,
        ),
        IndexModel(
            [("deleting.at", ASCENDING)], name="deleting", partialFilterExpression=IS_MARKED
        ),
        # A collection has one text index at most. Equal values of its first keys are required.
        IndexModel(
            [
                ("owner_id", ASCENDING),
                ("place.owner", ASCENDING),
                *((field, TEXT) for field in SEARCHED_FIELDS),
            ],
            name="words-at-hand",
            # Mails come in all languages, and a stemmer for a wrong one hides words.
            default_language="none",
            language_override="words_language",
            partialFilterExpression=AT_HAND,
        ),
    ],
    agent_store.COLLECTION: [
        _owing(),
        IndexModel([("user_name", ASCENDING)], name="login", unique=True),
        IndexModel(
            [("queues", ASCENDING), ("ready", ASCENDING), ("idle_since", ASCENDING)],
            name="free-longest-idle",
            partialFilterExpression={"free": {"$gt": 0}},
        ),
        # An agent with the skill that a transfer requires need not serve the queue.
        IndexModel(
            [("ready", ASCENDING), ("idle_since", ASCENDING)],
            name="free-in-any-queue",
            partialFilterExpression={"free": {"$gt": 0}},
        ),
        IndexModel([("skills.$**", ASCENDING)], name="skilled"),
        IndexModel([("queues", ASCENDING)], name="serving"),
        IndexModel(
            [("holding", ASCENDING)],
            name="holding",
            partialFilterExpression={"holding": {"$gt": ""}},
        ),
        IndexModel(
            [("connected_at", ASCENDING)],
            name="connected",
            partialFilterExpression={"connected_at": {"$exists": True}},
        ),
        IndexModel([("enabled", ASCENDING), ("user_name", ASCENDING)], name="by-name"),
        IndexModel(
            [("password_hash", ASCENDING)],
            name="with-hash",
            partialFilterExpression=agent_login_store.KEPT_BY_AGENTS,
        ),
    ],
    agent_login_store.COLLECTION: [
        IndexModel([("user_name", ASCENDING)], name="login", unique=True),
    ],
    arrival_store.COLLECTION: [_owing(), _holding("content.sha256")],
    DOCUMENTS: [
        IndexModel([("interaction_id", ASCENDING)], name="of-interaction"),
        _holding("sha256"),
        IndexModel(
            [("stored_at", ASCENDING)],
            name="unsettled",
            partialFilterExpression={"awaits": {"$exists": True}},
        ),
    ],
    SESSIONS: [_ending()],
    LOGIN_FAILURES: [_ending()],
    REMEMBERED_ANSWERS: [_ending()],
    REPLICAS: [_ending()],
    TURNS: [_ending()],
    LINK_KEYS: [_ending()],
    allowance_store.COLLECTION: [_ending()],
    awaited_mail_store.COLLECTION: [_ending()],
    witness.COLLECTION: [_ending()],
    DELIVERIES: [
        _owing(),
        _holding("raw.sha256"),
        IndexModel(
            [("next_attempt_at", ASCENDING), ("summoned_at", ASCENDING)],
            name="due-and-summoned",
            partialFilterExpression={"next_attempt_at": {"$exists": True}},
        ),
        IndexModel(
            [("state", ASCENDING), ("queued_at", ASCENDING)],
            name="unsettled",
            partialFilterExpression=IS_UNSETTLED,
        ),
        IndexModel(
            [("token", ASCENDING)],
            name="with-token",
            partialFilterExpression={"token": {"$gt": ""}},
        ),
        IndexModel(
            [("recipients.address", ASCENDING), ("queued_at", ASCENDING)],
            name="written-to",
            partialFilterExpression=IS_WRITTEN,
        ),
    ],
    contact_store.COLLECTION: [
        IndexModel(
            [("addresses", ASCENDING)],
            name="of-address",
            unique=True,
            partialFilterExpression=contact_store.HAS_ADDRESS,
        ),
        IndexModel(
            [("merged_into", ASCENDING)],
            name="merged-into",
            partialFilterExpression=contact_store.IS_MERGED,
        ),
    ],
    report_store.COLLECTION: [
        IndexModel(
            [("delivery_id", ASCENDING), ("matched_by", ASCENDING), ("at", ASCENDING)],
            name="on-delivery-by-evidence",
        ),
    ],
    mailbox_store.COLLECTION: [
        IndexModel([("lease.until", ASCENDING)], name="free"),
        IndexModel([("lease.holder", ASCENDING)], name="held"),
    ],
    parked_messages.COLLECTION: [
        IndexModel([("queue", ASCENDING), ("parked_at", ASCENDING)], name="of-queue"),
        IndexModel([("correlation_id", ASCENDING), ("parked_at", ASCENDING)], name="of-journey"),
    ],
    parked_messages.DISCARDED: [
        IndexModel([("correlation_id", ASCENDING), ("discarded_at", ASCENDING)], name="of-journey"),
    ],
    journal.COLLECTION: [
        IndexModel(
            [("agent_id", ASCENDING), ("position", ASCENDING)], name="in-order", unique=True
        ),
        IndexModel([("expires_at", ASCENDING)], name="kept-long-enough", expireAfterSeconds=0),
    ],
    vault.COLLECTION: [
        IndexModel(
            [("upload", ASCENDING)],
            name="chunked",
            partialFilterExpression={"upload": {"$exists": True}},
        ),
    ],
    chunked_files.FILES: [
        IndexModel(
            [("uploadDate", ASCENDING)],
            name="unfinished",
            partialFilterExpression={"kept": False},
        ),
    ],
    chunked_files.CHUNKS: [
        IndexModel([("files_id", ASCENDING), ("n", ASCENDING)], name="in-order", unique=True),
    ],
}


async def create_indexes(database: Database, collections: Iterable[str] = INDEXES) -> None:
    """Create the missing indexes of these collections. Many processes may do so at once.

    On a large collection this takes minutes, so the timeout is an hour instead of ten seconds.
    """
    async with database_errors():
        for collection in collections:
            if models := INDEXES.get(collection):
                with pymongo.timeout(_LONGEST_BUILD_SECONDS):
                    await database[collection].create_indexes(models)
