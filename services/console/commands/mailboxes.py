"""`mailroom mailboxes`, `look` and `backfill`: mailboxes whose mail is fetched."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from services.console.exit_codes import Exit, NotPossibleError
from services.console.health import mailbox_findings
from services.console.settings import read_settings
from services.console.store import connected_database, contact_center_in_force
from shared.contracts.fetching import first_moment
from shared.domain.clock import SystemClock
from shared.domain.mailbox_health import Health
from shared.storage.mails.mailbox_store import MailboxStore, StoredMailbox

_COUNTED_WITHIN: Final = 60
_POLL_SECONDS: Final = 0.5


async def show(address: str | None) -> Exit:
    """Print a line for each mailbox, or a line for each folder of one.

    Return `NOT_FINE` if one of them is sick.
    """
    async with _found(address) as (_, mailboxes):
        now = SystemClock().now()
        for one in mailboxes:
            print(mailbox_findings.line(one, now))
            for line in mailbox_findings.folder_lines(one, now, all_of_them=address is not None):
                print(line)
    is_sick = any(one.health(now) is Health.SICK for one in mailboxes)
    return Exit.NOT_FINE if is_sick else Exit.FINE


async def look(address: str) -> None:
    """Have fetching look into a mailbox at once."""
    async with _found(address) as (store, (mailbox,)):
        await store.order_look(mailbox.folder_ids, SystemClock().now())
    print(f"{address}: is looked into within seconds; see `mailroom mailboxes {address}`")


async def backfill(address: str, since: str, *, dry_run: bool) -> None:
    """Have a mailbox gone through once more since a day, or only count its unknown mails."""
    start = _moment(since)
    async with _found(address) as (store, (mailbox,)):
        now = SystemClock().now()
        await store.order_backfill(mailbox.folder_ids, start, now, only_count=dry_run)
        if dry_run:
            print(f"{address}: {await _counted(store, mailbox)} mails since {since} are not here")
            return
    print(f"{address}: mails since {since} that are not here yet are being fetched")


async def _counted(store: MailboxStore, mailbox: StoredMailbox) -> int:
    before = {one.name: one.counted for one in mailbox.folders}
    for _ in range(int(_COUNTED_WITHIN / _POLL_SECONDS)):
        folders = await store.get(mailbox.folder_ids)
        counts = [one.counted for one in folders if one.counted != before[one.name]]
        if len(counts) == len(folders):
            return sum(count for _, count in filter(None, counts))
        await asyncio.sleep(_POLL_SECONDS)
    raise NotPossibleError(
        f"fetching has not counted within {_COUNTED_WITHIN} seconds: see `mailroom mailboxes "
        f"{mailbox.address}`, and run it again",
        Exit.UNAVAILABLE,
    )


@asynccontextmanager
async def _found(address: str | None) -> AsyncIterator[tuple[MailboxStore, list[StoredMailbox]]]:
    async with connected_database(read_settings().mongodb_url) as database:
        store = MailboxStore(database)
        center = await contact_center_in_force(database, SystemClock())
        found = await store.mailboxes(center, address and address.lower()) if center else []
        if not found:
            which = f"mailbox {address}" if address else "mailbox"
            raise NotPossibleError(
                f"there is no {which} whose mail is fetched: describe it under `fetch` and run "
                "`mailroom apply FILE`",
                Exit.USAGE,
            )
        yield store, found


def _moment(since: str) -> datetime:
    try:
        return first_moment(since)
    except ValueError:
        raise NotPossibleError(
            f"{since} is no day from 1970-01-01 on, such as 2026-11-01", Exit.USAGE
        ) from None
