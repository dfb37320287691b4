"""Missed messages over REST: those after a position of the agent's journal."""

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.errors import RequestError, Situation
from services.gateway.http.answers import json_answer
from services.gateway.notifications.journal.journal_reader import JournalReader
from services.gateway.rest.callers import Callers
from services.gateway.rest.query_parameters import bounded_number
from shared.domain.journal_positions import ALL_THAT_IS_KEPT

MAX_EVENTS: Final = 200
_POSITION: Final = re.compile(r"-?[0-9]{1,18}")


class EventsResource:
    """The resource /me/interactions/events."""

    def __init__(self, callers: Callers, journal_reader: JournalReader) -> None:
        self._callers = callers
        self._journal_reader = journal_reader

    async def missed(self, request: Request) -> Response:
        """GET: the messages on the agent's topics after the position `since` of the query.

        `since` is -1 for only the newest position, or -2 for all that is kept. `position` of the
        answer is the next `since`, and `hasMore` says that there may be more.

        Raises:
            RequestError: The query names no valid position.
            PositionGoneError: A message after it is no longer kept (410).
        """
        agent = await self._callers.agent(request)
        limit = bounded_number(request, "limit", at_most=MAX_EVENTS)
        since = (await self._journal_reader.span(agent.id)).start(_since(request))
        entries = await self._journal_reader.after(agent.id, since, limit=limit)
        body = {
            "statusCode": 0,
            "events": [
                {"channel": message.topic, "data": message.payload}
                for one in entries
                for message in one.messages
            ],
            "position": entries[-1].position if entries else since,
        }
        return json_answer(body | ({"hasMore": True} if len(entries) == limit else {}))


def _since(request: Request) -> int:
    text = request.query_params.get("since")
    if text is None:
        raise RequestError(Situation.PARAMETER_MISSING, "since has to name a position")
    if not _POSITION.fullmatch(text) or int(text) < ALL_THAT_IS_KEPT:
        raise RequestError(
            Situation.VALUE_REFUSED, "since has to be a position, -1 (new) or -2 (all that is kept)"
        )
    return int(text)
