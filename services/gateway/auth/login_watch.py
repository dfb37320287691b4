"""Ends the CometD sessions of agents who were disabled or got another password."""

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Final

from services.gateway.auth.agent_cache import AgentCache
from services.gateway.auth.authenticator import BEARER
from services.gateway.auth.cookie_sessions import proof_of
from shared.background_tasks import run_periodically
from shared.bayeux import BayeuxServer
from shared.storage.agents.agent_login_store import AgentLoginStore, StoredLogin

_EVERY: Final = timedelta(seconds=2)


class LoginWatcher:
    """Looks every two seconds at the agents who have something open in this pod."""

    def __init__(
        self, logins: AgentLoginStore, agent_cache: AgentCache, bayeux: BayeuxServer
    ) -> None:
        self._logins = logins
        self._agent_cache = agent_cache
        self._bayeux = bayeux
        self._proofs: dict[str, str | None] = {}

    def keeping(self, *, every: timedelta = _EVERY) -> AbstractAsyncContextManager[None]:
        """Watch for as long as the context lasts, whatever goes wrong with one look."""
        return run_periodically(self.look, every=every)

    async def look(self) -> None:
        """End what is open by a login that is no longer good.

        Raises:
            Unavailable: The logins cannot be read now.
        """
        users = self._bayeux.users()
        found = {login.id: login for login in await self._logins.of(users)} if users else {}
        for user_id in users:
            self._judge(user_id, found.get(user_id))
        self._proofs = {user_id: self._proofs[user_id] for user_id in users}

    def _judge(self, user_id: str, login: StoredLogin | None) -> None:
        proof = proof_of(login) if login and login.enabled else None
        if login is not None and self._proofs.get(user_id, "") != proof:
            # Before anything is ended: whoever comes back is judged by what is stored now.
            self._agent_cache.forget(login)
        self._proofs[user_id] = proof
        self._bayeux.revoke(user_id, keeping=(proof, BEARER) if proof else ())
