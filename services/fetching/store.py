"""Leases on folders, and how far each folder is fetched."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo import ReturnDocument

from services.fetching.folder_position import CatchUp, FailedMail, FolderPosition, Skipped
from shared.domain.mailbox_health import Fault
from shared.domain.storable_text import storable
from shared.storage.database.client import HINT, Database, Document, database_errors
from shared.storage.interactions import interaction_store
from shared.storage.mails import arrival_store
from shared.storage.mails.mailbox_store import COLLECTION, FREE

_LONGEST_WORDS: Final = 500
_NOW: Final = "$$NOW"
_MOST_ALIKE: Final = 20
"""Mails under one Message-ID, and copies of each, whose fingerprints are read."""


class LeaseLostError(Exception):
    """Another pod has the folder now; this one must write nothing more about it."""


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders of operators for a folder."""

    folder_id: str
    is_stopped: bool = False
    look_wanted_at: datetime | None = None
    backfill_wanted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Backfill:
    """An order to go through a folder once more from a time on, or only to count its mails."""

    since: datetime
    wanted_at: datetime
    only_count: bool


@dataclass(frozen=True, slots=True)
class HeldFolder:
    """A folder as it was when this pod took it."""

    position: FolderPosition
    described_at: datetime
    faults: int
    backfill: Backfill | None = None
    is_stopped: bool = False
    look_wanted_at: datetime | None = None


class FolderStore:
    """Folders of one pod, the holder. Every write compares the lease, by the database's clock."""

    def __init__(self, database: Database, holder: str) -> None:
        self._folders = database[COLLECTION]
        self._hints = self._folders.with_options(write_concern=HINT)
        self._holder = holder

    async def free_ones(self, now: datetime, among: Sequence[str]) -> list[str]:
        """Return those of some folders that nobody holds.

        Folders that are described no more stay stored and free, and must not hide others.
        """
        async with database_errors():
            found = await self._folders.find(
                {"_id": {"$in": list(among)}, "lease.until": {"$lte": now}}, {"_id": 1}
            ).to_list()
        return [one["_id"] for one in found]

    async def lease(self, folder_id: str, lasts: timedelta) -> HeldFolder | None:
        """Lease a folder that is free; return None if another pod was faster."""
        is_free = {"$expr": {"$lte": ["$lease.until", _NOW]}}
        lease = {"holder": self._holder, "until": _later(lasts)}
        async with database_errors():
            document = await self._folders.find_one_and_update(
                {"_id": folder_id, **is_free},
                [{"$set": {"lease": lease}}],
                return_document=ReturnDocument.AFTER,
            )
        return _held(document) if document else None

    async def renew(self, lasts: timedelta) -> None:
        """Renew the leases of all folders that this pod holds."""
        async with database_errors():
            await self._hints.update_many(
                {"lease.holder": self._holder}, [{"$set": {"lease.until": _later(lasts)}}]
            )

    async def give_back(self, folder_ids: Iterable[str]) -> None:
        """Let other pods have folders at once."""
        async with database_errors():
            await self._hints.update_many(
                {"_id": {"$in": list(folder_ids)}, "lease.holder": self._holder},
                {"$set": {"lease": {"until": FREE}}},
            )

    async def orders(self) -> list[Orders]:
        """Return what operators want of the folders that this pod holds."""
        fields = {"stopped": 1, "look_wanted_at": 1, "backfill.wanted_at": 1}
        async with database_errors():
            found = await self._folders.find({"lease.holder": self._holder}, fields).to_list()
        return [
            Orders(
                one["_id"],
                one.get("stopped", False),
                one.get("look_wanted_at"),
                one.get("backfill", {}).get("wanted_at"),
            )
            for one in found
        ]

    async def backfill(self, folder_id: str) -> Backfill | None:
        """Return the backfill that is wanted of a folder, None if there is none."""
        async with database_errors():
            found = await self._folders.find_one({"_id": folder_id}, {"backfill": 1}) or {}
        return Backfill(**found["backfill"]) if found.get("backfill") else None

    async def write_position(self, folder_id: str, position: FolderPosition) -> None:
        """Store how far a folder is fetched, durably."""
        await self._write(self._folders, folder_id, {"$set": _fields(position)})

    async def write_fetched(
        self, folder_id: str, position: FolderPosition, now: datetime, mails_today: int
    ) -> None:
        """Store the position after a mail was stored, durably."""
        day = f"{now:%Y-%m-%d}"
        fields = {"last_mail_at": now, "today": {"day": day, "mails": mails_today}}
        await self._write(self._folders, folder_id, {"$set": _fields(position) | fields})

    async def begin_backfill(
        self, folder_id: str, position: FolderPosition, backfill: Backfill
    ) -> None:
        """Store the position from which a backfill goes on; the order is then carried out."""
        await self._end_backfill(folder_id, backfill, _fields(position))

    async def write_count(self, folder_id: str, backfill: Backfill, mails: int) -> None:
        """Store how many mails a backfill would fetch; the order is then carried out."""
        counted = {"wanted_at": backfill.wanted_at, "mails": mails}
        await self._end_backfill(folder_id, backfill, {"counted": counted})

    async def _end_backfill(self, folder_id: str, backfill: Backfill, fields: Document) -> None:
        """Write fields, and remove the order unless a later one has replaced it."""
        is_ours = {"$eq": ["$backfill.wanted_at", backfill.wanted_at]}
        rest = {"$cond": [is_ours, "$$REMOVE", "$backfill"]}
        literal = {name: {"$literal": value} for name, value in fields.items()}
        await self._write(self._folders, folder_id, [{"$set": literal | {"backfill": rest}}])

    async def write_look(self, folder_id: str, now: datetime, behind: int) -> None:
        """Store that a look reached the folder and saw so many mails to fetch."""
        fields = {"last_look_at": now, "last_good_at": now, "behind": behind}
        await self._write(self._hints, folder_id, {"$set": fields})

    async def clear_fault(self, folder_id: str) -> None:
        """Remove the fault of a folder in which everything is fetched and marked."""
        update = {"$set": {"faults": 0, "behind": 0, "unfiled": []}, "$unset": {"fault": ""}}
        await self._write(self._hints, folder_id, update)

    async def write_fault(self, folder_id: str, now: datetime, fault: Fault, faults: int) -> None:
        """Store a failed look; `faults` is how many failed in a row."""
        told = {
            "code": fault.code,
            "words": storable(fault.words, _LONGEST_WORDS),
            "do": storable(fault.do, _LONGEST_WORDS),
            "needs_person": fault.needs_person,
        }
        fields = {"last_look_at": now, "fault": told, "faults": faults}
        await self._write(self._hints, folder_id, {"$set": fields})

    async def _write(self, folders: Any, folder_id: str, update: object) -> None:
        async with database_errors():
            result = await folders.update_one(
                {"_id": folder_id, "lease.holder": self._holder}, update
            )
        if not result.matched_count:
            raise LeaseLostError(folder_id)


class KnownMails:
    """The mails that are interactions already, by their Message-IDs."""

    def __init__(self, database: Database) -> None:
        self._interactions = database[interaction_store.COLLECTION]
        self._arrivals = database[arrival_store.COLLECTION]

    async def fingerprints(
        self, address: str, message_ids: Sequence[str]
    ) -> dict[str, set[str | None]]:
        """Return the fingerprints of the mails that a mailbox has under each of these ids.

        None stands for mails that did not arrive, but were sent by us. Of very many mails under
        one id not all are read: another one is fetched, and then found to be a copy.
        """
        async with database_errors():
            found: list[Document] = []
            parts = [list(message_ids)]
            while parts:
                part = parts.pop()
                most = _MOST_ALIKE * len(part)
                of_part = await self._under(address, part, most)
                if len(of_part) == most and len(part) > 1:
                    # One id may have taken the place of the others.
                    half = len(part) // 2
                    parts += [part[:half], part[half:]]
                else:
                    found += of_part
            ids = [one for interaction in found for one in _arrival_ids(interaction)]
            stored = await self._arrivals.find({"_id": {"$in": ids}}, {"fingerprint": 1}).to_list()
        prints = {one["_id"]: one.get("fingerprint", "") for one in stored}
        known: dict[str, set[str | None]] = {}
        for interaction in found:
            arrivals = _arrival_ids(interaction)
            of_this = {prints.get(one, "") for one in arrivals} if arrivals else {None}
            known.setdefault(interaction["mail"]["message_id"], set()).update(of_this)
        return known

    async def _under(self, address: str, message_ids: Sequence[str], most: int) -> list[Document]:
        wanted = {"mail.message_id": {"$in": list(message_ids)}, "mailbox": address}
        fields = {"mail.message_id": 1, "arrival_id": 1, "copies": {"$slice": _MOST_ALIKE}}
        return await self._interactions.find(wanted, fields).limit(most).to_list()


def _arrival_ids(interaction: Document) -> list[str]:
    arrival_id = interaction.get("arrival_id")
    return [*([arrival_id] if arrival_id else []), *interaction.get("copies", ())]


def _fields(position: FolderPosition) -> Document:
    catch_up = position.catch_up
    return {
        "uid_validity": position.uid_validity,
        "uid": position.uid,
        "catch_up": catch_up
        and {"since": catch_up.since, "after": catch_up.after, "until": catch_up.until},
        "unfiled": list(position.unfiled),
        "failed": [{"uid": one.uid, "times": one.times} for one in position.failed],
        "skipped": [
            {"uid": one.uid, "reason": storable(one.reason, _LONGEST_WORDS)}
            for one in position.skipped
        ],
    }


def _held(document: Document) -> HeldFolder:
    catch_up = document.get("catch_up")
    backfill = document.get("backfill")
    return HeldFolder(
        FolderPosition(
            uid_validity=document.get("uid_validity"),
            uid=document["uid"],
            catch_up=CatchUp(**catch_up) if catch_up else None,
            unfiled=tuple(document.get("unfiled", ())),
            failed=tuple(FailedMail(**one) for one in document.get("failed", ())),
            skipped=tuple(Skipped(**one) for one in document.get("skipped", ())),
        ),
        document["described_at"],
        document.get("faults", 0),
        Backfill(**backfill) if backfill else None,
        document.get("stopped", False),
        document.get("look_wanted_at"),
    )


def _later(by: timedelta) -> Document:
    return {"$add": [_NOW, int(by.total_seconds() * 1000)]}
