"""Finds interactions by the Message-IDs that other mails refer to."""

from collections.abc import Sequence
from typing import Final

from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Direction, State
from shared.mail.threads import ClaimedSender, person, proves
from shared.storage.database.client import Database, Document, database_errors
from shared.storage.interactions import interaction_store
from shared.storage.interactions.interaction_documents import WITHOUT_TEXT, to_interaction

_MOST: Final = 500
"""Mails with the same ids that are read; some senders use one id again and again."""

_HEADINGS: Final[Document] = WITHOUT_TEXT | {"user_data": 0, "outbox": 0, "applied": 0}
_HAS_LEFT: Final = [State.SENDING.value, State.SENT.value, State.UNCERTAIN.value]


class ThreadStore:
    """Finds the stored mails, inbound or outbound, that another mail refers to."""

    def __init__(self, database: Database) -> None:
        self._collection = database[interaction_store.COLLECTION]

    async def named(self, ids: Sequence[str]) -> list[Interaction]:
        """Return the mails with these Message-IDs, without their text and user data."""
        if not ids:
            return []
        async with database_errors():
            found = (
                await self._collection.find({"mail.message_id": {"$in": list(ids)}}, _HEADINGS)
                .limit(_MOST)
                .to_list()
            )
        return [to_interaction(document) for document in found]

    async def with_tokens(self, tokens: Sequence[str]) -> list[Interaction]:
        """Return the mails of ours with these tokens, in their order, as `named` does."""
        if not tokens:
            return []
        async with database_errors():
            found = await self._collection.find(
                {"mail.thread_token": {"$in": list(tokens)}}, _HEADINGS
            ).to_list()
        mails = [to_interaction(document) for document in found]
        return sorted(mails, key=lambda one: tokens.index(one.mail.thread_token))

    async def sent_to(self, speaker: ClaimedSender, ids: Sequence[str]) -> list[Interaction]:
        """Return the mails of ours with these interaction ids that were sent to the speaker.

        A delivery report has no sender to compare, so nothing was sent to it.
        """
        if not ids or speaker.is_report:
            return []
        async with database_errors():
            found = await self._collection.find(
                {"_id": {"$in": list(ids)}, "state": {"$in": _HAS_LEFT}}, _HEADINGS
            ).to_list()
        mails = [to_interaction(document) for document in found]
        return [one for one in mails if proves(speaker, one)]

    async def page(self, thread_id: str, *, after: str, limit: int) -> list[Interaction]:
        """Return a page of the mails of a thread in both directions, the oldest first.

        `after` is the last id of the page before, "" for the first page. Texts are not read.
        """
        async with database_errors():
            found = (
                await self._collection.find(
                    {"thread_id": thread_id, "_id": {"$gt": after}}, _HEADINGS
                )
                .sort("_id")
                .limit(limit)
                .to_list()
            )
        return [to_interaction(document) for document in found]

    async def proven(
        self, speaker: ClaimedSender, named: Sequence[Interaction]
    ) -> list[Interaction]:
        """Return those of some mails whose id the speaker can know by right."""
        proven = [one for one in named if proves(speaker, one)]
        return proven or await self._sent_on_to([speaker], named)

    async def was_sent_on_to(self, speakers: Sequence[ClaimedSender], mail: Interaction) -> bool:
        """Say whether agents redirected a mail to one of the speakers (it keeps its id)."""
        return bool(await self._sent_on_to(speakers, [mail]))

    async def _sent_on_to(
        self, speakers: Sequence[ClaimedSender], mails: Sequence[Interaction]
    ) -> list[Interaction]:
        wanted = {person(one.address) for one in speakers} - {""}
        arrived = {one.id: one for one in mails if one.direction is Direction.INBOUND}
        if not wanted or not arrived:
            return []
        async with database_errors():
            found = (
                await self._collection.find(
                    {
                        "parent_id": {"$in": list(arrived)},
                        "subtype": "OutboundRedirect",
                        "state": {"$in": _HAS_LEFT},
                    },
                    {"parent_id": 1, "mail.to.address": 1},
                )
                .limit(_MOST)
                .to_list()
            )
        sent_on = {
            document["parent_id"]
            for document in found
            if not wanted.isdisjoint(person(one["address"]) for one in document["mail"]["to"])
        }
        return [mail for mail_id, mail in arrived.items() if mail_id in sent_on]
