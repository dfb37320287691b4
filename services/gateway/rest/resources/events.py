"""What an agent missed, over REST: the events after a position of the agent's journal."""

import re
from typing import Final

from starlette.requests import Request

from services.gateway.errors import RequestError, Situation
from services.gateway.notifications.journal_reader import JournalReader
from services.gateway.rest.callers import bounded_number
from services.gateway.wire.mail import Fields
from shared.domain.journal_positions import ALL_THAT_IS_KEPT

MOST: Final = 200
_POSITION: Final = re.compile(r"-?[0-9]{1,18}")


async def missed_events(request: Request, agent_id: str, journal_reader: JournalReader) -> Fields:
    """Return what CometD told an agent, or would have, after the position `since` of the query.

    `since` may also be -1 for nothing but the newest position, or -2 for all that is kept;
    `position` of the answer is where to go on, and `hasMore` says that it is worth it.

    Raises:
        RequestError: The query names no position.
        PositionGoneError: Something after it is no longer kept.
    """
    limit = bounded_number(request, "limit", at_most=MOST)
    since = (await journal_reader.span(agent_id)).start(_since(request))
    told = await journal_reader.after(agent_id, since, limit=limit)
    return {
        "statusCode": 0,
        "events": [
            {"channel": message.topic, "data": message.payload}
            for one in told
            for message in one.messages
        ],
        "position": told[-1].position if told else since,
        **({"hasMore": True} if len(told) == limit else {}),
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
