"""`mailroom restored`: what a system has to know whose database is a backup."""

from services.console.commands.uncertain_deliveries import (
    UncertainDeliveryCommands,
    cause_of,
    open_uncertain_deliveries,
)
from shared.contracts.events import DeliveryUncertain
from shared.domain.delivery import Delivery
from shared.domain.errors import Refused
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Operation
from shared.storage.database.witness import note_announced
from shared.storage.interactions.interaction_store import Change
from shared.storage.journal_generations import JournalGenerations
from shared.storage.mails.uncertain_deliveries import mark_unfinished_uncertain


async def announce_restore() -> None:
    """Doubt every mail that was on its way, and begin a new generation of positions.

    Broken off at any line, it can be run again: the mails come first, and a further generation
    only lets clients start over once more.
    """
    async with open_uncertain_deliveries() as desk:
        doubted = await mark_unfinished_uncertain(desk.database, desk.clock)
        untold = [delivery async for delivery in desk.doubts.all() if await _tell(desk, delivery)]
        floor = await JournalGenerations(desk.database, desk.clock).begin_generation()
        await note_announced(desk.database, desk.clock.now())
    print(f"positions of the journal go on from {floor}: clients start over")
    print(f"mails that were on their way, and are held now: {len(doubted)}")
    print(f"authors told: {len(untold)}")
    if doubted:
        print("`mailroom doubts` lists them: look for each in the next server's log, then")
        print("`mailroom settle` or `mailroom resend` it; `mailroom resend --all --yes` sends all")


async def _tell(desk: UncertainDeliveryCommands, delivery: Delivery) -> bool:
    """Tell the author of a delivery in doubt; say whether there was somebody to tell."""
    try:
        await desk.interactions.change(
            delivery.id, cause_of(delivery), lambda before: _in_doubt(before, delivery)
        )
    except Refused:
        # The author knows already, or the interaction is of another time than the delivery.
        return False
    return True


def _in_doubt(before: Interaction, delivery: Delivery) -> Change:
    after = before.after(Operation.DOUBT)
    return Change(after, [DeliveryUncertain.of(after, delivery.agent_id, reason=delivery.reason)])
