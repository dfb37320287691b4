"""Mails that are to be delivered, as composition leaves them: `python -P FILE COUNT`.

It runs in the checkout that is measured, also in one of long ago: so it uses nothing but what
every release has had.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from shared.contracts.envelope import Cause
from shared.domain.clock import SystemClock
from shared.domain.ids import new_id
from shared.domain.interaction import Address, Email, Interaction
from shared.domain.lifecycle import Direction, State
from shared.messaging.declaration import declare_topology
from shared.messaging.publisher import open_publisher


def _module(*names: str) -> Any:
    """Return the first module of these names that the checkout has: releases move modules."""
    for name in names:
        try:
            return import_module(name)
        except ModuleNotFoundError:
            continue
    raise ModuleNotFoundError(f"none of {', '.join(names)}")


_PUBLISHING = _module("shared.messaging.outbox_publisher", "shared.messaging.announcer")
_OutboxPublisher = getattr(_PUBLISHING, "OutboxPublisher", None) or _PUBLISHING.Announcer
_DELIVERIES = _module("shared.storage.mails.delivery_store", "shared.storage.deliveries")
_CLIENT = _module("shared.storage.database.client", "shared.storage.client")
_INTERACTIONS = _module(
    "shared.storage.interactions.interaction_store", "shared.storage.interactions"
)
_OUTBOX = _module("shared.storage.database.outbox", "shared.storage.outbox")

_TOGETHER = 50
_TEXT = "Your parcel has left our house this morning.\r\n" * 60
_HEAD = (
    "From: Demo Support <support@demo.example>\r\nTo: ann@example.org\r\nSubject: Parcel 17\r\n"
    'MIME-Version: 1.0\r\nContent-Type: text/plain; charset="utf-8"\r\n'
)


async def order(count: int) -> None:
    """Store so many mails of 3 kB with their interactions, and order each to be delivered."""
    rabbitmq_url, mongodb_url = os.environ["RABBITMQ_URL"], os.environ["MONGODB_URL"]
    await declare_topology(rabbitmq_url)
    async with (
        _CLIENT.open_database(mongodb_url, name="bench") as database,
        open_publisher(rabbitmq_url, name="bench") as publisher,
    ):
        clock = SystemClock()
        outbox_publisher = _OutboxPublisher(
            publisher, _OUTBOX.CollectionOutbox(database[_DELIVERIES.COLLECTION])
        )
        store = _DELIVERIES.DeliveryStore(database, clock, outbox_publisher.announce)
        interactions = _INTERACTIONS.InteractionStore(database, clock, outbox_publisher.announce)
        for begin in range(0, count, _TOGETHER):
            several = range(begin, min(begin + _TOGETHER, count))
            await asyncio.gather(*(_order_one(interactions, store) for _ in several))
        await outbox_publisher.finish()


async def _order_one(interactions: Any, store: Any) -> None:
    now, one = datetime.now(UTC), new_id()
    message_id = f"<{one}@demo.example>"
    mail = Email(
        subject="Parcel 17",
        sender=Address("support@demo.example", "Demo Support"),
        to=(Address("ann@example.org"),),
        text=_TEXT,
        message_id=message_id,
        sent_at=now,
    )
    interaction = Interaction(
        id=one,
        direction=Direction.OUTBOUND,
        subtype="OutboundReply",
        state=State.SENDING,
        queue="support",
        received_at=now,
        queued_at=now,
        owner_id="agent1",
        mailbox="support@demo.example",
        mail=mail,
    )
    await interactions.add(interaction, Cause.about(one), [])
    delivery = _DELIVERIES.new_delivery(
        interaction_id=one,
        agent_id="agent1",
        message_id=message_id,
        sender="support@demo.example",
        recipients=["ann@example.org"],
        now=now,
    )
    raw = f"{_HEAD}Message-ID: {message_id}\r\n\r\n{_TEXT}".encode()
    await store.add(delivery, raw, Cause.about(one))


if __name__ == "__main__":
    asyncio.run(order(int(sys.argv[1])))
