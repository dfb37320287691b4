"""The preferences of the caller: what a desktop keeps for its agent on every machine."""

import json
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.errors import refused
from services.gateway.http.answers import json_answer
from services.gateway.http.json_body import read_object
from services.gateway.operations.request import OK
from services.gateway.rest.callers import Callers
from services.gateway.rest.preference_store import PreferenceStore

LARGEST: Final = 16 * 1024
"""Octets of an agent's preferences as JSON."""

_ESCAPED: Final = 3
"""Octets of an escaped character for each of its octets in UTF-8, at most."""

_ENVELOPE: Final = 1024
"""Octets that a body may have around them."""


class PreferencesResource:
    """The resource /me/preferences. Their meaning is the client's: they are only bounded."""

    def __init__(self, callers: Callers, store: PreferenceStore) -> None:
        self._callers = callers
        self._store = store

    async def read(self, request: Request) -> Response:
        """GET /me/preferences: all of them; an empty object where none were stored."""
        agent = await self._callers.anybody(request)
        return json_answer({"statusCode": 0, "preferences": await self._store.find(agent.id)})

    async def write(self, request: Request) -> Response:
        """PUT /me/preferences: these, in place of all former ones."""
        agent = await self._callers.anybody(request)
        body = await read_object(request.receive, at_most=_ESCAPED * LARGEST + _ENVELOPE)
        preferences = body.get("preferences")
        if not isinstance(preferences, dict):
            raise refused("preferences has to be an object")
        text = json.dumps(preferences, ensure_ascii=False, separators=(",", ":"))
        if len(text.encode()) > LARGEST:
            raise refused(f"preferences have at most {LARGEST} bytes: store fewer of them")
        await self._store.write(agent.id, preferences)
        return json_answer(OK)
