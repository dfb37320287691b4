"""The agent who sent a request of REST, and their role."""

from collections.abc import Mapping
from typing import Protocol

from starlette.requests import Request

from services.gateway.auth.authenticated_agent import AuthenticatedAgent
from services.gateway.errors import RequestError, Situation
from services.gateway.http.api_root import api_root
from services.gateway.operations.rules import ADMIN, AGENTS, AGENTS_AND_ADMINS
from shared.bayeux.transports.web import Scope
from shared.storage.agents.agent_store import StoredAgent


class Authenticator(Protocol):
    """The check of every login; `RequestAuthenticator` is it."""

    async def authenticate(self, scope: Scope, /) -> AuthenticatedAgent:
        """Return the agent who sent a request; RequestError where nobody is logged in."""
        ...

    async def log_out(self, scope: Scope, /) -> Mapping[str, str]:
        """End the session of a request; return the headers that delete its cookie."""
        ...

    async def log_out_everywhere(self, scope: Scope, /) -> Mapping[str, str]:
        """End all sessions of the agent; return the headers that delete the cookie."""
        ...


class Callers:
    """Finds the agent who sent a request, and checks their role."""

    def __init__(self, authenticator: Authenticator, *, public_url: str) -> None:
        self._authenticator = authenticator
        self._public_url = public_url

    async def anybody(self, request: Request) -> StoredAgent:
        """Return the agent, whatever their role."""
        return (await self._authenticator.authenticate(request.scope)).agent

    async def log_out(self, request: Request) -> Mapping[str, str]:
        """End the caller's session for good; return the headers that delete its cookie."""
        return await self._authenticator.log_out(request.scope)

    async def log_out_everywhere(self, request: Request) -> Mapping[str, str]:
        """End all sessions of the caller; return the headers that delete the cookie."""
        return await self._authenticator.log_out_everywhere(request.scope)

    async def agent(self, request: Request) -> StoredAgent:
        """Return the caller, who has to be an agent.

        Raises:
            RequestError: They are not (403).
        """
        return await self._with_role(request, AGENTS)

    async def agent_or_admin(self, request: Request) -> StoredAgent:
        """Return the caller, who has to be an agent or an administrator.

        Raises:
            RequestError: They are neither (403).
        """
        return await self._with_role(request, AGENTS_AND_ADMINS)

    async def admin(self, request: Request) -> StoredAgent:
        """Return the caller, who has to be an administrator.

        Raises:
            RequestError: They are not (403).
        """
        return await self._with_role(request, frozenset({ADMIN}))

    def root(self, request: Request) -> str:
        """Return the URL under which all addresses of this API are."""
        return api_root(self._public_url or f"{request.url.scheme}://{request.url.netloc}")

    async def _with_role(self, request: Request, roles: frozenset[str]) -> StoredAgent:
        agent = await self.anybody(request)
        if roles.isdisjoint(agent.roles):
            raise RequestError(Situation.NOT_PERMITTED, "your roles do not allow this")
        return agent
