"""Finds the thread of a mail that comes after others have referred to it."""

from collections.abc import Sequence

from shared.domain.interaction import Interaction
from shared.mail.derived_ids import is_derived
from shared.mail.parsed_mail import ParsedMail
from shared.mail.threads import ClaimedSender, claimed_sender_in, thread_references
from shared.storage.mails.awaited_mail_store import AwaitedMailStore


class AwaitedMails:
    """The mails that others refer to and that have not come. A report awaits none."""

    def __init__(self, store: AwaitedMailStore) -> None:
        self._store = store

    async def thread_awaiting(
        self, mail: ParsedMail, speaker: ClaimedSender, unknown_ids: Sequence[str]
    ) -> str | None:
        """Return the thread that refers to a mail, or to one that the mail refers to as well."""
        if mail.report:
            return None
        # Nobody has ever seen a derived id.
        own = () if is_derived(mail.message_id) else (mail.message_id,)
        return await self._store.thread_awaiting(speaker.address, (*own, *unknown_ids))

    async def expect(self, interaction: Interaction, unknown_ids: Sequence[str]) -> None:
        """Keep the ids that a mail refers to and no stored mail has, before the mail is stored.

        If the process dies between the two, the mail comes again and joins the thread it has named.
        """
        if unknown_ids:
            sender = claimed_sender_in(interaction).address
            await self._store.expect(sender, unknown_ids, interaction.thread_id or interaction.id)


def unknown_ids(mail: ParsedMail, named: Sequence[Interaction]) -> tuple[str, ...]:
    """Return the ids that a mail refers to and that none of the `named` mails has."""
    if mail.report:
        return ()
    known = {one.mail.message_id for one in named}
    return tuple(one for one in thread_references(mail) if one not in known)
