"""Missed messages over REST: those after a position of the agent's journal."""

import re
from typing import Final

from starlette.requests import Request

from services.gateway.errors import RequestError, Situation
from services.gateway.notifications.journal.journal_reader import JournalReader
from services.gateway.rest.query_parameters import bounded_number
from services.gateway.wire.fields import Fields
from shared.domain.journal_positions import ALL_THAT_IS_KEPT

MAX_EVENTS: Final = 200
_POSITION: Final = re.compile(r"-?[0-9]{1,18}")


async def missed_events(request: Request, agent_id: str, journal_reader: JournalReader) -> Fields:
    """Return the messages on an agent's topics after the position `since` of the query.

    `since` is -1 for only the newest position, or -2 for all that is kept. `position` of the
    answer is the next `since`, and `hasMore` says that there may be more.

    Raises:
        RequestError: The query names no valid position.
        PositionGoneError: A message after it is no longer kept (410).
    """
    limit = bounded_number(request, "limit", at_most=MAX_EVENTS)
    since = (await journal_reader.span(agent_id)).start(_since(request))
    entries = await journal_reader.after(agent_id, since, limit=limit)
    return {
        "statusCode": 0,
        "events": [
            {"channel": message.topic, "data": message.payload}
            for one in entries
            for message in one.messages
        ],
        "position": entries[-1].position if entries else since,
        **({"hasMore": True} if len(entries) == limit else {}),
    }


def _since(request: Request) -> int:
    text = request.query_params.get("since")
    if text is None:
        raise RequestError(Situation.PARAMETER_MISSING, "since has to name a position")
    if not _POSITION.fullmatch(text) or int(text) < ALL_THAT_IS_KEPT:
        raise RequestError(
            Situation.VALUE_REFUSED, "since has to be a position, -1 (new) or -2 (all that is kept)"
        )
    return int(text)
