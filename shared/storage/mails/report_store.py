"""The reports on sent mails, one document for each arrived mail that is a matched report.

Ingest adds them, the gateway reads them, and routing removes those that an administrator disowns.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from typing import Final

from pymongo import DESCENDING
from pymongo.errors import DuplicateKeyError

from shared.domain.deliveries.delivery_report import (
    PROOFS,
    DeliveryReport,
    MatchedBy,
    ReportedVerdict,
)
from shared.storage.database.client import Database, Document, database_errors
from shared.storage.mails import delivery_store
from shared.storage.mails.delivery_documents import HAS_LEFT, IS_WRITTEN

COLLECTION: Final = "reports"
_CLAIMS: Final = frozenset(MatchedBy) - PROOFS
_MOST_SHOWN: Final = 50
_MOST_COMPARED: Final = 2
"""Enough to see whether a mail is the only one."""

# With the words for each of them the document stays far below 16 MB.
_MOST_RECIPIENTS: Final = 1_000
# Characters of a server's words for one recipient, which the author reads.
_LONGEST_DIAGNOSTIC: Final = 300


class ReportStore:
    """All matched reports."""

    def __init__(self, database: Database) -> None:
        self._collection = database[COLLECTION]
        self._deliveries = database[delivery_store.COLLECTION]

    async def get(self, arrival_id: str) -> DeliveryReport | None:
        """Return the report of an arrival, None if it was not matched before."""
        async with database_errors():
            document = await self._collection.find_one({"_id": arrival_id})
        return _report(document) if document else None

    async def add(self, report: DeliveryReport) -> DeliveryReport:
        """Store a report, and return the stored one: of two processes the first one decides."""
        try:
            async with database_errors():
                await self._collection.insert_one(_document(report))
        except DuplicateKeyError:
            return await self.get(report.id) or report
        return report

    async def prove(self, report: DeliveryReport) -> None:
        """Store a proven report in the place of a claim, or of none; a proven one stays."""
        claim = {"_id": report.id, "matched_by": {"$in": sorted(one.value for one in _CLAIMS)}}
        with suppress(DuplicateKeyError):  # it is proven already
            async with database_errors():
                await self._collection.replace_one(claim, _document(report), upsert=True)

    async def remove(self, arrival_id: str) -> None:
        """Remove a report that is none or comes twice; a repetition changes nothing."""
        async with database_errors():
            await self._collection.delete_one({"_id": arrival_id})

    async def on(self, delivery_id: str) -> list[DeliveryReport]:
        """Return up to fifty reports on a delivery, the oldest of them first.

        Proven ones come before all others, because anybody can write any number of claims. Of each
        sort the newest count.
        """
        proven = await self._newest(delivery_id, PROOFS, _MOST_SHOWN)
        room = _MOST_SHOWN - len(proven)
        claims = await self._newest(delivery_id, _CLAIMS, room) if room else []
        return sorted([*proven, *claims], key=lambda one: one.at)

    async def _newest(
        self, delivery_id: str, evidence: Iterable[MatchedBy], most: int
    ) -> list[DeliveryReport]:
        wanted = {
            "delivery_id": delivery_id,
            "matched_by": {"$in": sorted(one.value for one in evidence)},
        }
        async with database_errors():
            found = await self._collection.find(wanted).sort("at", DESCENDING).limit(most).to_list()
        return [_report(document) for document in found]

    async def delivery_with_token(self, token: str) -> str | None:
        """Return the id of the delivery that was sent with a token."""
        async with database_errors():
            found = await self._deliveries.find_one({"token": token}, {"_id": 1})
        return found["_id"] if found else None

    async def deliveries_to(self, addresses: Sequence[str], since: datetime) -> list[str]:
        """Return the ids of at most two mails that have left for these addresses since a moment.

        Automatic mail is left out: it has the null sender, so that no report comes back on it.
        """
        wanted = {
            "recipients.address": {"$in": list(addresses)},
            "queued_at": {"$gte": since},
            **IS_WRITTEN,
            "state": {"$in": [state.value for state in HAS_LEFT]},
        }
        async with database_errors():
            found = await self._deliveries.find(wanted, {"_id": 1}).limit(_MOST_COMPARED).to_list()
        return [one["_id"] for one in found]


def _document(report: DeliveryReport) -> Document:
    document = asdict(report)
    recipients = [
        one | {"diagnostic": one["diagnostic"][:_LONGEST_DIAGNOSTIC]}
        for one in document["recipients"][:_MOST_RECIPIENTS]
    ]
    more: Document = {"matched_by": report.matched_by.value, "recipients": recipients}
    return {"_id": document.pop("id")} | document | more


def _report(document: Document) -> DeliveryReport:
    return DeliveryReport(
        id=document["_id"],
        kind=document["kind"],
        interaction_id=document["interaction_id"],
        delivery_id=document["delivery_id"],
        matched_by=MatchedBy(document["matched_by"]),
        recipients=tuple(ReportedVerdict(**one) for one in document["recipients"]),
        at=document["at"],
    )
