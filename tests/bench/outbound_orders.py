"""Mails that are to be delivered, as composition leaves them: `python -P FILE COUNT`.

It runs in the checkout that is measured, also in one of long ago: so it uses nothing but what
every release has had.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime

from shared.contracts.envelope import Cause
from shared.domain.clock import SystemClock
from shared.domain.ids import new_id
from shared.domain.interaction import Address, Email, Interaction
from shared.domain.lifecycle import Direction, State
from shared.messaging.consumer import declare_topology
from shared.messaging.outbox_publisher import OutboxPublisher
from shared.messaging.publisher import open_publisher
from shared.storage.database.client import open_database
from shared.storage.database.outbox import CollectionOutbox
from shared.storage.interactions.interaction_store import InteractionStore
from shared.storage.mails import delivery_store
from shared.storage.mails.delivery_store import DeliveryStore, new_delivery

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
        open_database(mongodb_url, name="bench") as database,
        open_publisher(rabbitmq_url, name="bench") as publisher,
    ):
        clock = SystemClock()
        outbox_publisher = OutboxPublisher(
            publisher, CollectionOutbox(database[delivery_store.COLLECTION])
        )
        store = DeliveryStore(database, clock, outbox_publisher.announce)
        interactions = InteractionStore(database, clock, outbox_publisher.announce)
        for begin in range(0, count, _TOGETHER):
            several = range(begin, min(begin + _TOGETHER, count))
            await asyncio.gather(*(_order_one(interactions, store) for _ in several))
        await outbox_publisher.finish()


async def _order_one(interactions: InteractionStore, store: DeliveryStore) -> None:
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
    delivery = new_delivery(
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
