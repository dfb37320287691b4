"""Ends CometD sessions of agents who were disabled or got another password."""

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Final

from services.gateway.auth.agent_cache import AgentCache
from services.gateway.auth.authenticator import BEARER
from services.gateway.auth.sessions.cookie_sessions import login_proof
from shared.background_tasks import run_periodically
from shared.bayeux import BayeuxServer
from shared.storage.agents.agent_login_store import AgentLoginStore, StoredLogin

# A disabled agent may receive events for this long.
_EVERY: Final = timedelta(seconds=2)


class LoginWatcher:
    """Checks every two seconds the logins of all agents with a CometD session in this pod."""

    def __init__(
        self, logins: AgentLoginStore, agent_cache: AgentCache, bayeux: BayeuxServer
    ) -> None:
        self._logins = logins
        self._agent_cache = agent_cache
        self._bayeux = bayeux
        self._proofs: dict[str, str | None] = {}

    def running(self, *, every: timedelta = _EVERY) -> AbstractAsyncContextManager[None]:
        """Check for as long as the context lasts; a check that fails does not stop the next."""
        return run_periodically(self.check, every=every)

    async def check(self) -> None:
        """End the sessions whose login is no longer valid.

        Raises:
            Unavailable: The logins cannot be read now.
        """
        users = self._bayeux.users()
        found = {login.id: login for login in await self._logins.of(users)} if users else {}
        for user_id in users:
            self._check_user(user_id, found.get(user_id))
        self._proofs = {user_id: self._proofs[user_id] for user_id in users}

    def _check_user(self, user_id: str, login: StoredLogin | None) -> None:
        proof = login_proof(login) if login and login.enabled else None
        if login is not None and self._proofs.get(user_id, "") != proof:
            # Before sessions end, so that a client that reconnects at once is checked anew.
            self._agent_cache.forget(login)
        self._proofs[user_id] = proof
        self._bayeux.revoke(user_id, keeping=(proof, BEARER) if proof else ())
