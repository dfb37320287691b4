"""The interface through which requests reach sessions that another process holds."""

from typing import Protocol

from shared.bayeux.transports.http.http_connection import Request
from shared.bayeux.transports.tunnel import RemoteSocket
from shared.bayeux.transports.web import Scope
from shared.http.answer import Answer


class Cluster(Protocol):
    """The other processes that serve the same clients."""

    @property
    def name(self) -> str:
        """The prefix of this process's session ids; letters and digits."""
        ...

    async def answer(self, session_id: str, request: Request) -> Answer | None:
        """Forward a request to the process that holds a session, and return its answer.

        None if no reachable process holds it. The call is canceled if the client disconnects.
        """
        ...

    async def open_socket(self, session_id: str, upgrade: Scope) -> RemoteSocket | None:
        """Open a socket with the head of `upgrade` to the process that holds a session.

        None if no reachable process holds it.
        """
        ...


class SingleProcess:
    """The `Cluster` of a server that runs in one process."""

    name = ""

    async def answer(self, session_id: str, request: Request) -> Answer | None:
        """Return None: there is no other process."""
        del session_id, request
        return None

    async def open_socket(self, session_id: str, upgrade: Scope) -> RemoteSocket | None:
        """Return None: there is no other process."""
        del session_id, upgrade
        return None
