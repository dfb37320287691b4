"""Refuses mail of a flood for now, where the description wants it: `flood: {then: defer}`."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from shared.domain.clock import Clock
from shared.intake.flood_bounds import counted_under, sender_bounds
from shared.intake.refusals import MailDeferredError
from shared.mail.trace_fields import author, is_judged_by
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.mails.allowance_store import AllowanceStore

_HOUR: Final = timedelta(hours=1)


class FloodGate:
    """Looks before a mail is stored whether its hour is used up.

    Mails are counted when they are parsed (`services/ingest/floods.py`), so a few more than the
    bound get in; they are folded. Mail that may belong to a conversation or be a report counts
    elsewhere and is let by: it comes to a plus-tag, or from the null sender.
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
        rules = center.flood
        if rules is None or rules.then != "defer" or not sender:
            return
        if any("+" in one.rpartition("@")[0] for one in recipients):
            return
        now = self._clock.now()
        is_proven = is_judged_by(head, center.trusted_authentication)
        bounds = tuple(sender_bounds(rules, author(head) or sender, is_proven=is_proven))
        counted = {
            counted_under(mailbox, bound, now): bound.most
            for mailbox in mailboxes
            for bound in bounds
        }
        if await self._allowances.is_any_used_up(counted):
            next_hour = now.replace(minute=0, second=0, microsecond=0) + _HOUR
            raise MailDeferredError(next_hour - now)
