"""Refuses mail of a flood for now: where the description wants it, and to a postmaster always."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from shared.domain.clock import Clock
from shared.domain.ids import new_id
from shared.intake.flood_bounds import counted_under, hour_of, sender_bounds
from shared.intake.refusals import MailDeferredError
from shared.mail.trace_fields import author, is_judged_by
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.mails.allowance_store import AllowanceStore

MOST_TO_POSTMASTER: Final = 30
"""Mails an hour, over all pods, to postmasters who are not described. Spammers try this address
everywhere, and nobody has asked for it here; people who report a fault write a few."""

_HOUR: Final = timedelta(hours=1)


class FloodGate:
    """Looks before a mail is stored whether its hour is used up.

    Mails are counted when they are parsed (`services/ingest/floods.py`), so a few more than the
    bound get in; they are folded. Mail that may belong to a conversation or be a report counts
    elsewhere and is let by: it comes to a plus-tag, or from the null sender.
    Mail to no described address, which only that of a postmaster can be, is counted here.
    """

    def __init__(
        self, allowances: AllowanceStore, configuration: ConfigurationStore, clock: Clock
    ) -> None:
        self._allowances = allowances
        self._configuration = configuration
        self._clock = clock

    async def require_room(
        self, head: bytes, sender: str, mailboxes: Sequence[str], recipients: Sequence[str]
    ) -> None:
        """Check the beginning of a mail, with its header, against the bounds of its mailboxes.

        Raises:
            MailDeferredError: It is to come again in the next hour.
            Unavailable: The database does not answer.
        """
        center = await self._configuration.current()
        now = self._clock.now()
        if all(center.mailbox_for(one) is None for one in recipients):
            await self._count_for_postmaster(now)
        rules = center.flood
        if rules is None or rules.then != "defer" or not sender:
            return
        if any("+" in one.rpartition("@")[0] for one in recipients):
            return
        is_proven = is_judged_by(head, center.trusted_authentication)
        bounds = tuple(sender_bounds(rules, author(head) or sender, is_proven=is_proven))
        counted = {
            counted_under(mailbox, bound, now): bound.most
            for mailbox in mailboxes
            for bound in bounds
        }
        if await self._allowances.is_any_used_up(counted):
            raise MailDeferredError(_until_next_hour(now))

    async def _count_for_postmaster(self, now: datetime) -> None:
        is_admitted = await self._allowances.admit(
            f"postmaster {hour_of(now)}", new_id(), most=MOST_TO_POSTMASTER, until=now + _HOUR
        )
        if not is_admitted:
            raise MailDeferredError(_until_next_hour(now))


def _until_next_hour(now: datetime) -> timedelta:
    return now.replace(minute=0, second=0, microsecond=0) + _HOUR - now
