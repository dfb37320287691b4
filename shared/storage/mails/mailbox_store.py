"""The folders that mail is fetched from: what is known of each, and what operators ask for.

`services/fetching/store.py` writes how far a folder is fetched.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from pymongo import UpdateOne

from shared.contracts.contact_center import ContactCenter
from shared.domain.mailbox_health import Fault, FolderFacts, Health, health_of
from shared.storage.database.client import Database, Document, database_errors

COLLECTION: Final = "mailboxes"
FREE: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""The end of the lease of a folder that nobody has."""


@dataclass(frozen=True, slots=True)
class StoredFolder:
    """One folder of a mailbox, as an operator sees it."""

    address: str
    name: str
    facts: FolderFacts
    uid_validity: int | None = None
    uid: int = 0
    last_look_at: datetime | None = None
    last_mail_at: datetime | None = None
    mails_today: int = 0
    skipped: tuple[tuple[int, str], ...] = ()
    counted: tuple[datetime, int] | None = None
    """When somebody asked what a backfill would fetch, and the number of mails."""

    def health(self, now: datetime) -> Health:
        """Return the state of the folder."""
        return health_of(self.facts, now)


@dataclass(frozen=True, slots=True)
class StoredMailbox:
    """A mailbox with its folders, at least one."""

    address: str
    folders: tuple[StoredFolder, ...]

    def worst(self, now: datetime) -> StoredFolder:
        """Return the folder in the worst state."""
        order = list(Health)
        return max(self.folders, key=lambda one: order.index(one.health(now)))

    def health(self, now: datetime) -> Health:
        """Return the state of the mailbox, which is that of its worst folder."""
        return self.worst(now).health(now)

    @property
    def folder_ids(self) -> list[str]:
        """The ids of its folders."""
        return [folder_id(self.address, one.name) for one in self.folders]

    @property
    def behind(self) -> int:
        """Mails that were seen and not fetched yet."""
        return sum(one.facts.behind for one in self.folders)

    @property
    def mails_today(self) -> int:
        """Mails that were fetched on the day of the newest one."""
        return sum(one.mails_today for one in self.folders)

    @property
    def last_look_at(self) -> datetime | None:
        """The newest look into any folder."""
        return max(filter(None, (one.last_look_at for one in self.folders)), default=None)

    @property
    def last_mail_at(self) -> datetime | None:
        """When the newest mail was fetched."""
        return max(filter(None, (one.last_mail_at for one in self.folders)), default=None)


def folder_id(address: str, folder: str) -> str:
    """Return the id of a folder's document."""
    return f"{address}/{folder}"


def described_folders(center: ContactCenter | None) -> list[str]:
    """Return the ids of all folders that a description has mail fetched from."""
    mailboxes = center.mailboxes if center else ()
    return [
        folder_id(mailbox.address, folder)
        for mailbox in mailboxes
        if mailbox.fetch
        for folder in mailbox.fetch.folders
    ]


class MailboxStore:
    """Folders by their id. Orders are fields that the fetching pod of the folder reads."""

    def __init__(self, database: Database) -> None:
        self._folders = database[COLLECTION]

    async def add_described(self, center: ContactCenter, now: datetime) -> None:
        """Add the folders that are described and not known yet; mail counts from now on."""
        new = [
            UpdateOne(
                {"_id": folder_id(mailbox.address, folder)},
                {
                    "$setOnInsert": {
                        "address": mailbox.address,
                        "folder": folder,
                        "described_at": now,
                        "uid": 0,
                        "lease": {"until": FREE},
                    }
                },
                upsert=True,
            )
            for mailbox in center.mailboxes
            if mailbox.fetch
            for folder in mailbox.fetch.folders
        ]
        if new:
            async with database_errors():
                await self._folders.bulk_write(new, ordered=False)

    async def get(self, folder_ids: Sequence[str]) -> list[StoredFolder]:
        """Return the known ones of these folders, in their order."""
        async with database_errors():
            found = await self._folders.find({"_id": {"$in": list(folder_ids)}}).to_list()
        documents = {one["_id"]: one for one in found}
        return [_stored(documents[one]) for one in folder_ids if one in documents]

    async def mailboxes(
        self, center: ContactCenter, address: str | None = None
    ) -> list[StoredMailbox]:
        """Return the fetched mailboxes of a description in its order, or only one of them."""
        wanted = [one for one in center.mailboxes if address in (None, one.address)]
        described = described_folders(center.model_copy(update={"mailboxes": tuple(wanted)}))
        folders = await self.get(described)
        found = [
            StoredMailbox(
                mailbox.address, tuple(one for one in folders if one.address == mailbox.address)
            )
            for mailbox in wanted
        ]
        return [one for one in found if one.folders]

    async def order_look(self, folder_ids: Iterable[str], now: datetime) -> None:
        """Have folders looked into at once, even in a pause after a fault."""
        await self._order(folder_ids, {"$set": {"look_wanted_at": now}})

    async def order_stop(self, folder_ids: Iterable[str]) -> None:
        """Have nothing fetched until `order_start`."""
        await self._order(folder_ids, {"$set": {"stopped": True}})

    async def order_start(self, folder_ids: Iterable[str], now: datetime) -> None:
        """Have mail fetched again, and begin with a look."""
        started = {"stopped": False, "look_wanted_at": now, "faults": 0, "last_good_at": now}
        await self._order(folder_ids, {"$set": started})

    async def order_backfill(
        self, folder_ids: Iterable[str], since: datetime, now: datetime, *, only_count: bool
    ) -> None:
        """Have everything since a time gone through once more; or only have it counted."""
        wanted = {"since": since, "wanted_at": now, "only_count": only_count}
        await self._order(folder_ids, {"$set": {"backfill": wanted}})

    async def _order(self, folder_ids: Iterable[str], update: Document) -> None:
        async with database_errors():
            await self._folders.update_many({"_id": {"$in": list(folder_ids)}}, update)


def _stored(document: Document) -> StoredFolder:
    today = document.get("today") or {}
    last_mail_at = document.get("last_mail_at")
    is_today = last_mail_at is not None and today.get("day") == f"{last_mail_at:%Y-%m-%d}"
    fault = document.get("fault")
    counted = document.get("counted")
    return StoredFolder(
        address=document["address"],
        name=document["folder"],
        facts=FolderFacts(
            last_good_at=document.get("last_good_at") or document["described_at"],
            faults=document.get("faults", 0),
            fault=Fault(**fault) if fault else None,
            behind=document.get("behind", 0),
            is_stopped=document.get("stopped", False),
        ),
        uid_validity=document.get("uid_validity"),
        uid=document["uid"],
        last_look_at=document.get("last_look_at"),
        last_mail_at=last_mail_at,
        mails_today=today.get("mails", 0) if is_today else 0,
        skipped=tuple((one["uid"], one["reason"]) for one in document.get("skipped", ())),
        counted=(counted["wanted_at"], counted["mails"]) if counted else None,
    )
