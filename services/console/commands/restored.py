"""`mailroom restored`: prepares the system after the database was restored from a backup."""

from services.console.commands.uncertain_deliveries import (
    UncertainDeliveryCommands,
    cause_of,
    open_uncertain_deliveries,
)
from shared.domain.deliveries.delivery import Delivery
from shared.domain.errors import Refused
from shared.storage.database.witness import note_announced
from shared.storage.journal_generations import JournalGenerations
from shared.storage.mails.delivery_outcome import interaction_change
from shared.storage.mails.uncertain_deliveries import mark_unfinished_uncertain


async def announce_restore() -> None:
    """Hold unfinished deliveries as in doubt, and start a new generation of journal positions.

    It can be run again after an interruption at any line: deliveries are held first, and a
    further generation only makes clients start over once more.
    """
    async with open_uncertain_deliveries() as commands:
        doubted = await mark_unfinished_uncertain(commands.database, commands.clock)
        informed = [
            delivery
            async for delivery in commands.uncertain.all()
            if await _mark_interaction_uncertain(commands, delivery) and not delivery.is_automatic
        ]
        floor = await JournalGenerations(commands.database, commands.clock).begin_generation()
        await note_announced(commands.database, commands.clock.now())
    print(f"positions of the journal go on from {floor}: clients start over")
    print(f"mails that were on their way, and are held now: {len(doubted)}")
    print(f"authors informed: {len(informed)}")
    if doubted:
        print("`mailroom doubts` lists them: look for each in the next server's log, then")
        print("`mailroom settle` or `mailroom resend` it; `mailroom resend --all --yes` sends all")
        print("but automatic mails")


async def _mark_interaction_uncertain(
    commands: UncertainDeliveryCommands, delivery: Delivery
) -> bool:
    """Mark the interaction of a delivery in doubt; return False if it cannot be or is already."""
    decide = interaction_change(delivery)
    if decide is None:
        return False
    try:
        await commands.interactions.change(delivery.id, cause_of(delivery), decide)
    except Refused:
        # The interaction is marked already, or its state in the backup does not fit the delivery.
        return False
    return True
