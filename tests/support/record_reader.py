"""Reads the record of a run from the database and from the sink."""

import re
from collections.abc import Iterable
from email import message_from_bytes
from pathlib import Path
from typing import Final

from pymongo import AsyncMongoClient

from shared.storage.database.client import Database, Document
from tests.support.record_checker import Inbound, Reply, SentMail

_MESSAGE_ID: Final = re.compile(rb"^Message-ID: (<[^>]+>)\r?$", re.MULTILINE | re.IGNORECASE)


def open_client(url: str) -> AsyncMongoClient[Document]:
    """Return a client that waits for a database that is away."""
    return AsyncMongoClient(url, timeoutMS=30_000)


async def arrivals(database: Database, run: str) -> dict[str, str]:
    """Return the Message-ID of each stored mail of a run, by the arrival's id."""
    found = {
        document["_id"]: _message_id(document["raw"])
        async for document in database["arrivals"].find({"raw": {"$exists": True}}, {"raw": 1})
    }
    return {arrival: mail for arrival, mail in found.items() if f".{run}@" in mail}


async def inbound(database: Database, run: str) -> list[Inbound]:
    """Return the interactions that a run's mails became."""
    wanted = {"direction": "Inbound", "mail.message_id": {"$regex": re.escape(f".{run}@")}}
    fields = {"mail.message_id": 1, "state": 1, "arrival_id": 1, "copies": 1}
    return [
        Inbound(
            document["_id"],
            document["mail"]["message_id"],
            document["state"],
            (document["arrival_id"], *document.get("copies", ())),
        )
        async for document in database["interactions"].find(wanted, fields)
    ]


async def replies(database: Database, parents: Iterable[str]) -> list[Reply]:
    """Return what was answered, save the drafts that were canceled."""
    wanted = {"parent_id": {"$in": list(parents)}, "state": {"$ne": "canceled"}}
    fields = {"parent_id": 1, "mail.message_id": 1, "state": 1}
    found = await database["interactions"].find(wanted, fields).to_list()
    ids = {"_id": {"$in": [document["_id"] for document in found]}}
    journal = {one["_id"]: one["state"] async for one in database["deliveries"].find(ids)}
    return [
        Reply(
            document["_id"],
            document["parent_id"],
            document["mail"]["message_id"],
            document["state"],
            journal.get(document["_id"], ""),
        )
        for document in found
    ]


def sent_mails(sent: Path, run: str) -> list[SentMail]:
    """Return the mails at the sink that answer a run's mails, as often as they are there."""
    mails = [message_from_bytes(file.read_bytes()) for file in sorted(sent.glob("*.eml"))]
    return [
        SentMail(mail["Message-ID"], mail["In-Reply-To"])
        for mail in mails
        if f".{run}@" in str(mail["In-Reply-To"])
    ]


async def has_unpublished(database: Database) -> bool:
    """Say whether an outbox still has a message."""
    for name in ("arrivals", "interactions", "deliveries", "agents"):
        if await database[name].count_documents({"outbox.0": {"$exists": True}}, limit=1):
            return True
    return False


def _message_id(raw: bytes) -> str:
    found = _MESSAGE_ID.search(raw)
    return found[1].decode() if found else ""
