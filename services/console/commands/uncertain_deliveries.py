"""`mailroom doubts`, `resend` and `settle`: the way out for a mail that may have been delivered."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from services.console.broker.connection import open_connection
from services.console.exit_codes import Exit, NotPossibleError
from services.console.settings import read_settings
from services.console.store import reaching_database
from shared.contracts.envelope import Cause
from shared.contracts.events import DeliveryDeferred, DeliveryFailed, MailSent
from shared.domain.clock import Clock
from shared.domain.delivery import Delivery, DeliveryState
from shared.domain.errors import Refused
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Operation, State
from shared.messaging.outbox_publisher import OutboxPublisher
from shared.messaging.publisher import open_publisher
from shared.storage.database.client import Database
from shared.storage.database.clock import DatabaseClock
from shared.storage.database.outbox import CollectionOutbox
from shared.storage.interactions import interaction_store as interactions
from shared.storage.interactions.interaction_store import Change, InteractionStore
from shared.storage.mails import delivery_store as deliveries
from shared.storage.mails.delivery_store import DeliveryStore
from shared.storage.mails.uncertain_deliveries import UncertainDeliveryStore, find_uncertain

_AGAIN: Final = "an operator has the mail sent once more"


@dataclass(frozen=True, slots=True)
class UncertainDeliveryCommands:
    """What the commands work with."""

    database: Database
    clock: Clock
    interactions: InteractionStore
    deliveries: DeliveryStore
    doubts: UncertainDeliveryStore

    async def delivery(self, interaction_id: str) -> Delivery:
        """Return a delivery."""
        found = await self.deliveries.get(interaction_id)
        if found is None:
            raise NotPossibleError(f"nothing was ever sent of {interaction_id}", Exit.NOT_FINE)
        return found

    async def tell(self, delivery: Delivery, decide: Callable[[Interaction], Change]) -> None:
        """Change the interaction of a delivery."""
        try:
            await self.interactions.change(delivery.id, cause_of(delivery), decide)
        except Refused as error:
            raise NotPossibleError(str(error), Exit.NOT_FINE) from error


async def show() -> None:
    """Print one line for each mail in doubt, oldest first."""
    async with reaching_database(read_settings().mongodb_url) as database:
        lines = [_line(one) async for one in find_uncertain(database)]
    print("\n".join(lines) or "no mail is in doubt")


async def resend_all(*, sure: bool) -> None:
    """Have every mail in doubt sent once more.

    Raises:
        NotPossibleError: `sure` is not said.
    """
    async with open_uncertain_deliveries() as desk:
        doubted = [one.id async for one in desk.doubts.all()]
    if not sure:
        raise NotPossibleError(
            f"mails in doubt: {len(doubted)}. Whoever got one would get it twice: look into the "
            "next server's log, and say --yes if it shall be",
            Exit.NOT_FINE,
        )
    for interaction_id in doubted:
        await resend(interaction_id, sure=True)


async def resend(interaction_id: str, *, sure: bool) -> None:
    """Have the frozen octets of a mail in doubt sent once more.

    The interaction comes first: an attempt must find it being sent. Broken off between the two
    writes, it can be run again.

    Raises:
        NotPossibleError: The mail is not in doubt, or `sure` is not said.
    """
    async with open_uncertain_deliveries() as desk:
        delivery = await desk.delivery(interaction_id)
        if delivery.state is not DeliveryState.UNCERTAIN:
            raise _not_in_doubt(delivery)
        if not sure:
            raise NotPossibleError(
                f"{_line(delivery)}\nwhoever got it would get it twice: look into the next "
                "server's log, and say --yes if it shall be",
                Exit.NOT_FINE,
            )
        await desk.tell(delivery, _sent_again)
        if not await desk.doubts.resend(delivery, cause_of(delivery)):
            raise _not_in_doubt(delivery)
    print(f"{interaction_id} is sent once more")


async def conclude(interaction_id: str, *, sent: bool) -> None:
    """Write down what became of a mail in doubt, and tell its author.

    The journal comes first: a mail that is back with its author has to find room there. Broken
    off between the two writes, it can be run again.

    Raises:
        NotPossibleError: The mail is not in doubt.
    """
    wanted = DeliveryState.SENT if sent else DeliveryState.FAILED
    async with open_uncertain_deliveries() as desk:
        delivery = await desk.delivery(interaction_id)
        if delivery.state is DeliveryState.UNCERTAIN:
            await desk.doubts.resolve(delivery, sent=sent)
            delivery = await desk.delivery(interaction_id)
        if delivery.state is not wanted:
            raise _not_in_doubt(delivery)
        await desk.tell(delivery, lambda before: _ended(before, delivery))
    print(f"{interaction_id} is {'sent' if sent else 'back with its author'}")


@asynccontextmanager
async def open_uncertain_deliveries() -> AsyncIterator[UncertainDeliveryCommands]:
    """Give what the commands work with, on the servers of the environment."""
    settings = read_settings()
    async with (
        reaching_database(settings.mongodb_url) as database,
        open_connection(settings.rabbitmq_url),
        open_publisher(settings.rabbitmq_url, name="console") as publisher,
    ):
        clock = DatabaseClock(database)
        await clock.measure()
        of_interactions, of_deliveries = [
            OutboxPublisher(publisher, CollectionOutbox(database[collection]))
            for collection in (interactions.COLLECTION, deliveries.COLLECTION)
        ]
        try:
            yield UncertainDeliveryCommands(
                database,
                clock,
                InteractionStore(database, clock, of_interactions.announce),
                DeliveryStore(database, clock, of_deliveries.announce),
                UncertainDeliveryStore(database, clock, of_deliveries.announce),
            )
        finally:
            await of_interactions.finish()
            await of_deliveries.finish()


def _sent_again(before: Interaction) -> Change:
    if before.state is State.SENDING:  # an earlier run was broken off here
        after = replace(before, version=before.version + 1)
    else:
        after = before.after(Operation.RESEND)
    return Change(after, [DeliveryDeferred.of(after, after.owner_id or "", reason=_AGAIN)])


def _ended(before: Interaction, delivery: Delivery) -> Change:
    if delivery.state is DeliveryState.SENT:
        after = before.after(Operation.DELIVER)
        return Change(after, [MailSent.of(after, delivery.agent_id, reason=delivery.reason)])
    after = before.after(Operation.FAIL)
    return Change(after, [DeliveryFailed.of(after, delivery.agent_id, reason=delivery.reason)])


def cause_of(delivery: Delivery) -> Cause:
    """Return the journey that a delivery belongs to."""
    return Cause(UUID(delivery.correlation_id))


def _line(delivery: Delivery) -> str:
    ended = delivery.attempts[-1].ended_at if delivery.attempts else delivery.queued_at
    open_ones = len(delivery.open_recipients)
    return f"{delivery.id}  {ended:%Y-%m-%d %H:%M:%S} UTC  to {open_ones}: {delivery.message_id}"


def _not_in_doubt(delivery: Delivery) -> NotPossibleError:
    return NotPossibleError(
        f"the delivery of {delivery.id} is not in doubt: {delivery.state}", Exit.NOT_FINE
    )
