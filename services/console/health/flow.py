"""Measures for `doctor` whether mail moves: waiting in queues, deferred, at the next server."""

import asyncio
import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.contracts.contact_center import Queue, SmtpRoute
from shared.domain.clock import Clock
from shared.domain.deliveries.delivery import DeliveryState
from shared.domain.lifecycle import State
from shared.domain.queue_rank import MOST_PRIORITY, queue_rank
from shared.storage.database.client import Database
from shared.storage.indexes import INDEXES
from shared.storage.interactions import interaction_store
from shared.storage.mails import delivery_store

LONGEST_WAIT: Final = timedelta(days=1)
"""The longest normal wait, unless the queue has its own `longest_wait`."""

_MOST_DEFERRED: Final = 1_000
# A person waits at the terminal; outbound itself is more patient.
_DEADLINE_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class LongWaits:
    """The mails that wait in a queue for longer than `longest`; `oldest` is None without any."""

    queue: str
    longest: timedelta
    count: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Deferral:
    """A mail that the next server has deferred."""

    interaction_id: str
    reason: str
    next_attempt_at: datetime


async def long_waits(database: Database, queue: Queue, clock: Clock) -> LongWaits:
    """Return the mails that wait too long in a queue."""
    longest = queue.longest_wait or LONGEST_WAIT
    since = clock.now() - longest
    wanted = {
        "queue": queue.name,
        "state": State.QUEUED.value,
        # The index is by rank, which is later than `queued_at` by this much at most. A mail of an
        # earlier release has none, and is found so too.
        "rank": {"$not": {"$gte": queue_rank(since, -MOST_PRIORITY)}},
        "queued_at": {"$lt": since},
    }
    counted = {"_id": None, "count": {"$sum": 1}, "oldest": {"$min": "$queued_at"}}
    collection = database[interaction_store.COLLECTION]
    found = await (await collection.aggregate([{"$match": wanted}, {"$group": counted}])).to_list()
    if not found:
        return LongWaits(queue.name, longest, 0, None)
    return LongWaits(queue.name, longest, found[0]["count"], found[0]["oldest"])


async def deferrals(database: Database) -> list[Deferral]:
    """Return the deferred mails, the next due first; at most a thousand."""
    found = database[delivery_store.COLLECTION].find(
        {"state": DeliveryState.DEFERRED.value, "next_attempt_at": {"$exists": True}},
        {"reason": 1, "next_attempt_at": 1},
        sort=[("next_attempt_at", 1)],
        limit=_MOST_DEFERRED,
    )
    return [
        Deferral(one["_id"], one.get("reason", ""), one["next_attempt_at"]) async for one in found
    ]


async def missing_indexes(database: Database) -> list[str]:
    """Return the indexes that are missing, each as `collection.name`."""
    missing = []
    for collection, models in INDEXES.items():
        present = await database[collection].index_information()
        names = [str(model.document["name"]) for model in models]
        missing += [f"{collection}.{name}" for name in names if name not in present]
    return missing


async def next_server_problem(route: SmtpRoute) -> str:
    """Connect to the next mail server and send EHLO; return the problem, or "" without one."""
    try:
        async with asyncio.timeout(3 * _DEADLINE_SECONDS):
            await asyncio.to_thread(_greet, route)
    except TimeoutError:
        return f"no answer within {_DEADLINE_SECONDS} seconds"
    except ssl.SSLError as error:
        return f"TLS: {error.reason or error}"
    except smtplib.SMTPResponseException as error:
        said = error.smtp_error
        words = said.decode(errors="replace") if isinstance(said, bytes) else said
        return f"{error.smtp_code} {words}"
    except (OSError, smtplib.SMTPException) as error:
        return str(error) or type(error).__name__
    return ""


def _greet(route: SmtpRoute) -> None:
    secure = ssl.create_default_context()
    if route.tls == "implicit":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            route.host, route.port, timeout=_DEADLINE_SECONDS, context=secure
        )
    else:
        server = smtplib.SMTP(route.host, route.port, timeout=_DEADLINE_SECONDS)
    with server:
        server.ehlo()
        if route.tls == "starttls":
            server.starttls(context=secure)
