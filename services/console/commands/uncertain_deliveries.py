"""`mailroom doubts`, `resend` and `settle`: decide about mails that may have been delivered."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from services.console.broker.connection import open_connection
from services.console.exit_codes import Exit, NotPossibleError
from services.console.settings import read_settings
from services.console.store import connected_database
from shared.contracts.envelope import Cause
from shared.contracts.events import DeliveryDeferred
from shared.domain.clock import Clock
from shared.domain.deliveries.delivery import Delivery, DeliveryState
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
from shared.storage.mails.delivery_outcome import interaction_change
from shared.storage.mails.delivery_store import DeliveryStore
from shared.storage.mails.uncertain_deliveries import UncertainDeliveryStore, find_uncertain

_AGAIN: Final = "an operator has the mail sent once more"


@dataclass(frozen=True, slots=True)
class UncertainDeliveryCommands:
    """The stores that the commands use, and their common steps."""

    database: Database
    clock: Clock
    interactions: InteractionStore
    deliveries: DeliveryStore
    uncertain: UncertainDeliveryStore

    async def delivery(self, interaction_id: str) -> Delivery:
        """Return the delivery of an interaction.

        Raises:
            NotPossibleError: There is none.
        """
        found = await self.deliveries.get(interaction_id)
        if found is None:
            raise NotPossibleError(f"nothing was ever sent of {interaction_id}", Exit.NOT_FINE)
        return found

    async def change_interaction(
        self, delivery: Delivery, decide: Callable[[Interaction], Change]
    ) -> None:
        """Change the interaction of a delivery.

        Raises:
            NotPossibleError: Its state does not allow the change.
        """
        try:
            await self.interactions.change(delivery.id, cause_of(delivery), decide)
        except Refused as error:
            raise NotPossibleError(str(error), Exit.NOT_FINE) from error


async def show() -> None:
    """Print one line for each mail in doubt, oldest first."""
    async with connected_database(read_settings().mongodb_url) as database:
        lines = [_line(one) async for one in find_uncertain(database)]
    print("\n".join(lines) or "no mail is in doubt")


async def resend_all(*, sure: bool) -> None:
    """Order every mail in doubt that an agent has written to be sent once more.

    Automatic mail stays in doubt: nobody misses it, and it must not come twice.

    Raises:
        NotPossibleError: `sure` is false.
    """
    async with open_uncertain_deliveries() as commands:
        doubted = [one async for one in commands.uncertain.all()]
    written = [one.id for one in doubted if not one.is_automatic]
    if not sure:
        raise NotPossibleError(
            f"mails in doubt: {len(written)}. Whoever got one would get it twice: look into the "
            "next server's log, and say --yes if it shall be",
            Exit.NOT_FINE,
        )
    for interaction_id in written:
        await resend(interaction_id, sure=True)
    if automatic := len(doubted) - len(written):
        print(f"automatic mails that are left in doubt: {automatic}. `mailroom settle` ends each")


async def resend(interaction_id: str, *, sure: bool) -> None:
    """Order the same octets of a mail in doubt to be sent once more.

    The interaction is written first, because an attempt must find it in SENDING. The command can
    be run again after an interruption between the two writes.

    Raises:
        NotPossibleError: The mail is not in doubt, or `sure` is false.
    """
    async with open_uncertain_deliveries() as commands:
        delivery = await commands.delivery(interaction_id)
        if delivery.state is not DeliveryState.UNCERTAIN:
            raise _not_in_doubt(delivery)
        if not sure:
            raise NotPossibleError(
                f"{_line(delivery)}\nwhoever got it would get it twice: look into the next "
                "server's log, and say --yes if it shall be",
                Exit.NOT_FINE,
            )
        await commands.change_interaction(delivery, _resent)
        if not await commands.uncertain.resend(delivery, cause_of(delivery)):
            raise _not_in_doubt(delivery)
    print(f"{interaction_id} is sent once more")


async def conclude(interaction_id: str, *, sent: bool) -> None:
    """Record the outcome of a mail in doubt, and publish it to its author.

    The delivery is written first: a failed mail returns to its author, whose next Send needs an
    ended delivery. A failed automatic mail has no author, and is canceled. The command can be run
    again after an interruption between the two writes.

    Raises:
        NotPossibleError: The mail is not in doubt.
    """
    wanted = DeliveryState.SENT if sent else DeliveryState.FAILED
    async with open_uncertain_deliveries() as commands:
        delivery = await commands.delivery(interaction_id)
        if delivery.state is DeliveryState.UNCERTAIN:
            await commands.uncertain.resolve(delivery, sent=sent)
            delivery = await commands.delivery(interaction_id)
        decide = interaction_change(delivery)
        if delivery.state is not wanted or decide is None:
            raise _not_in_doubt(delivery)
        await commands.change_interaction(delivery, decide)
    failed = "canceled" if delivery.is_automatic else "back with its author"
    print(f"{interaction_id} is {'sent' if sent else failed}")


@asynccontextmanager
async def open_uncertain_deliveries() -> AsyncIterator[UncertainDeliveryCommands]:
    """Yield the commands, connected to the servers of the environment."""
    settings = read_settings()
    async with (
        connected_database(settings.mongodb_url) as database,
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


def _resent(before: Interaction) -> Change:
    if before.state is State.SENDING:  # an earlier run was broken off here
        after = replace(before, version=before.version + 1)
    else:
        after = before.after(Operation.RESEND)
    if after.owner_id is None:  # automatic mail
        return Change(after)
    return Change(after, [DeliveryDeferred.of(after, after.owner_id, reason=_AGAIN)])


def cause_of(delivery: Delivery) -> Cause:
    """Return the cause that links events to the mail's correlation id."""
    return Cause(UUID(delivery.correlation_id))


def _line(delivery: Delivery) -> str:
    ended = delivery.attempts[-1].ended_at if delivery.attempts else delivery.queued_at
    open_ones = len(delivery.open_recipients)
    mark = "  (automatic)" if delivery.is_automatic else ""
    when = f"{ended:%Y-%m-%d %H:%M:%S} UTC"
    return f"{delivery.id}  {when}  to {open_ones}: {delivery.message_id}{mark}"


def _not_in_doubt(delivery: Delivery) -> NotPossibleError:
    return NotPossibleError(
        f"the delivery of {delivery.id} is not in doubt: {delivery.state}", Exit.NOT_FINE
    )
