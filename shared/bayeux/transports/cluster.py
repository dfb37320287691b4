"""Sessions that another process holds: requests for them are forwarded there."""

from typing import Protocol

from shared.bayeux.transports.http_connection import Request
from shared.bayeux.transports.tunnel import RemoteSocket
from shared.bayeux.transports.web import Answer, Scope


class Cluster(Protocol):
    """The other processes that serve the same clients."""

    @property
    def name(self) -> str:
        """How the ids of the sessions of this process begin; letters and digits."""
        ...

    async def answer(self, session_id: str, request: Request) -> Answer | None:
        """Have whoever holds a session answer; None where nobody does who can be reached.

        It is canceled when the client goes away.
        """
        ...

    async def open_socket(self, session_id: str, upgrade: Scope) -> RemoteSocket | None:
        """Open a socket like the one of `upgrade` to whoever holds a session; None as above."""
        ...


class SingleProcess:
    """There is no other process."""

    name = ""

    async def answer(self, session_id: str, request: Request) -> Answer | None:
        """Nobody holds it."""
        del session_id, request
        return None

    async def open_socket(self, session_id: str, upgrade: Scope) -> RemoteSocket | None:
        """Nobody holds it."""
        del session_id, upgrade
        return None
