"""Applies what the screening rules decide to the interaction of an arrived mail. Pure."""

from dataclasses import replace
from typing import Final

from shared.domain.interaction import Interaction
from shared.domain.lifecycle import State
from shared.domain.set_aside import DISCARDED, SCREENING
from shared.mail.parsed_mail import ParsedMail
from shared.screening.rules import ScreenedMail, Screening
from shared.storage.mails.arrival_store import Arrival

_LONGEST_WORDS: Final = 1000


def screened_mail(mail: ParsedMail, arrival: Arrival, built: Interaction) -> ScreenedMail:
    """Return what rules are tried on, for the interaction that a mail becomes without rules."""
    return ScreenedMail(mail, arrival.raw, built.mailbox, built.mail.authenticated)


def with_screening(interaction: Interaction, screening: Screening) -> Interaction:
    """Return an interaction of a mail as the rules want it; unchanged where none has met.

    A discarded mail is completed at once. User data that the system attaches itself stays.
    """
    if not screening.steps:
        return interaction
    noted = {SCREENING: screening.words[:_LONGEST_WORDS]}
    if screening.discard is not None:
        noted[DISCARDED] = screening.discard
        interaction = replace(interaction, state=State.COMPLETED, preferred_id=None)
    return replace(
        interaction,
        queue=screening.queue or interaction.queue,
        user_data={**screening.user_data, **interaction.user_data, **noted},
    )
