"""Folds mail beyond the bounds of a flood under one interaction, instead of offering each."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

import structlog
from prometheus_client import Counter

from services.ingest.screening import Screened
from shared.contracts.contact_center import ContactCenter
from shared.contracts.envelope import Cause
from shared.contracts.events import InteractionReceived
from shared.contracts.flood import FloodRules
from shared.domain.ids import derived_id
from shared.domain.interaction import LONGEST_SUBJECT, Email, Interaction
from shared.domain.lifecycle import State
from shared.domain.set_aside import FLOOD, NOT_ACKNOWLEDGED
from shared.faults import crash_point
from shared.intake.flood_bounds import Bound, counted_under, hour_of, sender_bounds
from shared.mail.threads import person
from shared.storage.interactions.interaction_store import InteractionStore
from shared.storage.mails.allowance_store import AllowanceStore

log = structlog.get_logger()

FOLDED: Final = Counter(
    "mailroom_mails_folded_total", "Mails that were folded, by the bound of the flood", ["bound"]
)

_HOUR: Final = timedelta(hours=1)


class FloodGuard:
    """Counts the mails of each mailbox in an hour, over all pods."""

    def __init__(self, allowances: AllowanceStore, interactions: InteractionStore) -> None:
        self._allowances = allowances
        self._interactions = interactions

    async def fold(
        self,
        found: Screened,
        center: ContactCenter,
        cause: Cause,
        about: Interaction | None = None,
    ) -> Screened:
        """Return a mail as it is within the bounds, and completed under its flood beyond them.

        `about` is the sent mail that a report is on. The interaction of the flood is stored first,
        once an hour, so that the mail is never under something that is not there. A repetition
        counts nothing twice.
        """
        mail = found.interaction
        if center.flood is None or mail.state is not State.QUEUED:
            return found
        for bound in bounds(center.flood, mail, about):
            name = counted_under(mail.mailbox, bound, mail.received_at)
            until = mail.received_at + 2 * _HOUR
            if not await self._allowances.admit(
                name, mail.arrival_id or mail.id, most=bound.most, until=until
            ):
                return await self._fold(found, bound, cause, about)
        return found

    async def _fold(
        self, found: Screened, bound: Bound, cause: Cause, about: Interaction | None
    ) -> Screened:
        mail = found.interaction
        flood = flood_of(mail, bound)
        await self._interactions.add(flood, cause, [InteractionReceived.of(flood)])
        crash_point("ingest.after_flood")
        FOLDED.labels(bound.kind).inc()
        log.info("mail folded", arrival_id=mail.arrival_id, flood=flood.id, bound=bound.kind)
        noted = {FLOOD: flood.id}
        if found.acknowledgement:
            noted[NOT_ACKNOWLEDGED] = "it is folded under a flood"
        return Screened(
            replace(
                mail,
                state=State.COMPLETED,
                parent_id=mail.parent_id or flood.id,
                # A completed report is its author's, as one that is offered to nobody.
                owner_id=about.owner_id if about else mail.owner_id,
                preferred_id=None,
                user_data={**mail.user_data, **noted},
            )
        )


def bounds(rules: FloodRules, mail: Interaction, about: Interaction | None) -> Iterator[Bound]:
    """Yield the bounds that a mail counts against, the narrowest first.

    Mail of a conversation, which only its members can join, and a report on mail of ours count in
    that conversation alone. Mail without a parent has proven nothing.
    """
    sender = person(mail.mail.sender.address if mail.mail.sender else "") or "nobody"
    thread_id = about.thread_id if about else mail.thread_id
    if thread_id != mail.id and mail.parent_id:
        most = rules.sender or rules.domain or rules.mailbox
        if most is not None:
            yield Bound("thread", f"{sender} in thread {thread_id}", most)
        return
    yield from sender_bounds(rules, sender, is_proven=bool(mail.mail.authenticated))


def flood_of(mail: Interaction, bound: Bound) -> Interaction:
    """Return the interaction that stands for all mails beyond a bound in the hour of `mail`."""
    flood_id = derived_id("flood", mail.mailbox, bound.who, hour_of(mail.received_at))
    subject = f"Flood from {bound.who}"[:LONGEST_SUBJECT]
    text = (
        f"More than {bound.most} mails from {bound.who} came to {mail.mailbox} in the hour of "
        f"{mail.received_at:%Y-%m-%d %H:00} UTC. All of them are kept. The further ones are "
        "completed, under the contact of their sender; an administrator puts one into its queue "
        "with Release."
    )
    return Interaction(
        id=flood_id,
        direction=mail.direction,
        subtype="InboundNew",
        state=State.QUEUED,
        queue=mail.queue,
        received_at=mail.received_at,
        queued_at=mail.received_at,
        mailbox=mail.mailbox,
        thread_id=flood_id,
        contact_id=mail.contact_id if bound.kind in {"sender", "thread"} else None,
        user_data={"Subject": subject, "Mailbox": mail.mailbox, FLOOD: flood_id},
        mail=Email(
            subject=subject,
            sender=mail.mail.sender,
            to=mail.mail.to[:1],
            text=text,
            message_id=f"<{flood_id}@{mail.mailbox.rpartition('@')[2]}>",
            sent_at=mail.received_at,
        ),
    )
