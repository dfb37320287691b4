"""Sessions that another process holds: what their clients ask here is answered from there."""

from typing import Protocol

import structlog

from services.gateway.bayeux.web import Answer, Scope

log = structlog.get_logger(__name__)


class Elsewhere(Protocol):
    """The other processes that serve the same clients."""

    @property
    def name(self) -> str:
        """How the ids of the sessions of this process begin; letters and digits."""
        ...

    async def answer(self, session_id: str, scope: Scope, body: bytes) -> Answer | None:
        """Have whoever holds a session answer; None where nobody does who can be reached.

        `scope` is that of the request, or of the upgrade of the socket, by which `body` came. It
        is canceled when the client goes away.
        """
        ...


class Nowhere:
    """There is no other process."""

    name = ""

    async def answer(self, session_id: str, scope: Scope, body: bytes) -> Answer | None:
        """Nobody holds it."""
        del session_id, scope, body
        return None


async def ask(elsewhere: Elsewhere, session_id: str, scope: Scope, body: bytes) -> Answer | None:
    """Have whoever holds a session answer; None where nobody does, for whatever reason."""
    try:
        return await elsewhere.answer(session_id, scope, body)
    except Exception as error:
        log.exception("not answered elsewhere", reason=type(error).__name__)
        return None
