"""Whether mailboxes still acknowledge mail, or have stopped because they sent too much today."""

from collections.abc import AsyncIterator
from datetime import datetime

from services.console.health.findings import Finding, bad, fine
from shared.contracts.contact_center import ContactCenter
from shared.domain.automatic_mail_limits import MOST_OF_MAILBOX_A_DAY, of_mailbox
from shared.storage.database.client import Database
from shared.storage.mails.allowance_store import AllowanceStore


async def examine_acknowledgements(
    database: Database, center: ContactCenter | None, now: datetime
) -> AsyncIterator[Finding]:
    """Yield a finding for each mailbox that acknowledges."""
    wanted = [one.address for one in center.mailboxes if one.acknowledgement] if center else []
    if not wanted:
        return
    names = {of_mailbox(address, now): address for address in wanted}
    stopped = await AllowanceStore(database).used_up(list(names), most=MOST_OF_MAILBOX_A_DAY)
    for name, address in names.items():
        if name in stopped:
            yield bad(
                f"{address} has sent {MOST_OF_MAILBOX_A_DAY} acknowledgements today, and sends no "
                "more before midnight UTC",
                do="see who writes so much (`mailroom screen --newest 100`), and keep its mail "
                "from being acknowledged by a screening rule",
            )
        else:
            yield fine(f"{address} acknowledges mail")
