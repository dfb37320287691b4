"""Reads interactions by pages, the newest first: ids are in the order of their coming."""

from pymongo import DESCENDING

from shared.domain.interaction import Interaction
from shared.storage.database.client import Collection, Document, database_errors
from shared.storage.interactions.interaction_documents import WITHOUT_TEXT, to_interaction


async def newest_mails(
    interactions: Collection, wanted: Document, *, limit: int, before: str = ""
) -> list[Interaction]:
    """Return a page of the interactions that a filter matches, the newest first, without texts.

    `before` is the last id of the page before, "" for the first page.

    Raises:
        Unavailable: The database does not answer.
    """
    page = wanted | ({"_id": {"$lt": before}} if before else {})
    async with database_errors():
        found = (
            await interactions.find(page, WITHOUT_TEXT)
            .sort("_id", DESCENDING)
            .limit(limit)
            .to_list()
        )
    return [to_interaction(document) for document in found]
