"""Cookie sessions: a password begins one, every pod accepts it, and an ended one stays ended."""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from uuid import uuid4

from services.gateway.auth.agent_cache import AgentAccount, AgentCache
from services.gateway.auth.sessions.session_store import LoginSession, SessionStore, session_key
from shared.bayeux.ttl_cache import TtlCache
from shared.domain.clock import Clock
from shared.storage.agents.agent_login_store import StoredLogin
from shared.storage.agents.agent_store import StoredAgent

# One agent may come from many addresses. Beyond this, clients without cookies begin new sessions.
_MAX_REUSABLE: Final = 10_000


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session, and the value of its cookie as `token`."""

    token: str
    session: LoginSession


class CookieSessions:
    """Begins, finds, prolongs and ends sessions.

    A session ends `idle` after its last use, and `lifetime` after its begin in any case. This
    process caches what it has read for five seconds.
    """

    def __init__(
        self,
        store: SessionStore,
        agent_cache: AgentCache,
        clock: Clock,
        *,
        idle: timedelta,
        lifetime: timedelta,
    ) -> None:
        self._store = store
        self._agent_cache = agent_cache
        self._clock = clock
        self._idle = idle
        self._lifetime = lifetime
        self._reusable: dict[tuple[str, str], OpenSession] = {}
        self._cache = TtlCache[str, LoginSession]()

    async def begin(self, account: AgentAccount, client: str, password: str) -> OpenSession:
        """Return a session for an agent whose password was right.

        A client that never sends its cookie gets the same session for each request, and not a new
        one each time.

        Raises:
            Unavailable: The session cannot be stored now.
        """
        key = (account.agent.id, client)
        while (reusable := self._reusable.get(key)) and self._is_reusable(
            reusable.session, account.login
        ):
            if await self._get_cached(reusable.token) is not None:
                return reusable
            if self._reusable.get(key) is reusable:
                del self._reusable[key]
        opened = self._new(account)
        digest = _digest(opened.token, password)
        return await self._store_first(
            key, replace(opened, session=replace(opened.session, password_digest=digest))
        )

    async def begin_by_provider(self, account: AgentAccount) -> OpenSession:
        """Return a new session for an agent whom an OpenID provider has named.

        No password belongs to it: its cookie is the only proof.

        Raises:
            Unavailable: The session cannot be stored now.
        """
        opened = self._new(account)
        await self._store.add(opened.token, opened.session)
        return opened

    def _new(self, account: AgentAccount) -> OpenSession:
        now = self._clock.now()
        ends_at = now + self._lifetime
        session = LoginSession(
            account.agent.id,
            str(uuid4()),
            login_proof(account.login),
            min(now + self._idle, ends_at),
            ends_at,
        )
        return OpenSession(secrets.token_urlsafe(24), session)

    async def find(self, token: str) -> tuple[AgentAccount, LoginSession] | None:
        """Return the account and the session of a cookie; None where there is no open session.

        Raises:
            Unavailable: Sessions or agents cannot be read now.
        """
        session = await self._get_cached(token)
        account = await self._agent_cache.get(session.agent_id) if session else None
        if session is None or account is None:
            return None
        if not account.login.enabled:
            # Ended, not only refused: it must stay invalid when the agent is enabled again.
            await self.end(token)
            return None
        return (account, session) if _has_current_proof(session, account.login) else None

    async def end(self, token: str) -> None:
        """End a session for good; other pods accept it for at most five seconds more."""
        await self._store.end(session_key(token))
        self._cache.forget(token)

    async def end_all(self, agent: StoredAgent) -> None:
        """End all sessions of an agent for good; other pods accept them for five seconds more."""
        await self._agent_cache.end_logins(agent)

    async def find_ended(self, keys: Collection[str]) -> set[str]:
        """Return the keys of those sessions that have ended; the open ones are prolonged."""
        now = self._clock.now()
        still_open = await self._store.open(keys, now)
        for key, session in still_open.items():
            await self._prolong(key, session, now)
        return set(keys) - still_open.keys()

    async def _store_first(self, key: tuple[str, str], opened: OpenSession) -> OpenSession:
        if len(self._reusable) >= _MAX_REUSABLE:
            self._reusable.clear()
        # Before it is stored, so that concurrent requests of one client share the session.
        self._reusable[key] = opened
        self._keep(opened.token, opened.session)
        try:
            await self._store.add(opened.token, opened.session)
        except BaseException:
            self._reusable.pop(key, None)
            self._cache.forget(opened.token)
            raise
        return opened

    def _is_reusable(self, session: LoginSession, login: StoredLogin) -> bool:
        remaining = session.expires_at - self._clock.now()
        return remaining > min(self._idle, self._lifetime) / 2 and _has_current_proof(
            session, login
        )

    async def _get_cached(self, token: str) -> LoginSession | None:
        now = self._clock.now()
        if known := self._cache.recall(token, now=now.timestamp()):
            return known.value
        session = await self._store.find(token, now)
        if session is None:
            return None
        session = await self._prolong(session_key(token), session, now)
        self._keep(token, session)
        return session

    def _keep(self, token: str, session: LoginSession) -> None:
        now, until = self._clock.now().timestamp(), session.expires_at.timestamp()
        self._cache.put(token, session, now=now, until=until)

    async def _prolong(self, key: str, session: LoginSession, now: datetime) -> LoginSession:
        """Return a session that is used now with its later `expires_at`, at most `ends_at`."""
        expires_at = min(now + self._idle, session.ends_at)
        if session.expires_at - now >= self._idle / 2 or expires_at <= session.expires_at:
            return session
        await self._store.prolong(key, expires_at)
        return replace(session, expires_at=expires_at)


def is_session_password(opened: OpenSession, password: str) -> bool:
    """Say whether a password is the one that a session was begun with, in microseconds.

    The digest is keyed with the cookie: without the cookie no password can be guessed by it.
    """
    return secrets.compare_digest(opened.session.password_digest, _digest(opened.token, password))


def _digest(token: str, password: str) -> str:
    return hmac.digest(token.encode(), password.encode(), hashlib.sha256).hex()


def _has_current_proof(session: LoginSession, login: StoredLogin) -> bool:
    return secrets.compare_digest(session.proof, login_proof(login))


def login_proof(login: StoredLogin) -> str:
    """Return a digest that changes with the password, and when all sessions are ended."""
    return _proof(login.password_hash, login.generation)


@lru_cache(_MAX_REUSABLE)
def _proof(password_hash: str, generation: int) -> str:
    suffix = f"#{generation}" if generation else ""
    return hashlib.sha256(f"{password_hash}{suffix}".encode()).hexdigest()[:32]
