"""Logins that go on by cookie: begun with a password, known to every pod, ended for good."""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from services.gateway.auth.agent_cache import AgentCache, Member
from services.gateway.auth.session_store import LoginSession, SessionStore, session_key
from shared.bayeux.ttl_cache import TtlCache
from shared.domain.clock import Clock
from shared.storage.agents.agent_login_store import StoredLogin
from shared.storage.agents.agent_store import StoredAgent

_MOST_BEGUN: Final = 10_000


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session and the value of its cookie."""

    token: str
    session: LoginSession


class CookieSessions:
    """Begins sessions, recognises them and ends them.

    One that is not used ends after `idle`, and any after `lifetime`. What was found out in this
    process counts for five seconds.
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
        self._begun: dict[tuple[str, str], OpenSession] = {}
        self._seen = TtlCache[str, LoginSession]()

    async def begin(self, member: Member, client: str, password: str) -> OpenSession:
        """Return a session for an agent whose password was right.

        A client that never returns its cookie gets the same session again, not a new one for
        each request.
        """
        key = (member.agent.id, client)
        while (known := self._begun.get(key)) and self._is_reusable(known.session, member.login):
            if await self._recall(known.token) is not None:
                return known
            if self._begun.get(key) is known:
                del self._begun[key]
        now, token = self._clock.now(), secrets.token_urlsafe(24)
        ends_at = now + self._lifetime
        session = LoginSession(
            member.agent.id,
            str(uuid4()),
            proof_of(member.login),
            min(now + self._idle, ends_at),
            ends_at,
            _digest(token, password),
        )
        return await self._store_first(key, OpenSession(token, session))

    async def recognise(self, token: str) -> tuple[Member, LoginSession] | None:
        """Return whose session it is; None where it has ended or never was one."""
        session = await self._recall(token)
        member = await self._agent_cache.get(session.agent_id) if session else None
        if session is None or member is None:
            return None
        if not member.login.enabled:
            # Whoever disabled the agent: it must not come back when the agent does.
            await self.end(token)
            return None
        return (member, session) if _fits(session, member.login) else None

    async def end(self, token: str) -> None:
        """End a session for good; other pods know it for five seconds more at most."""
        await self._store.end(session_key(token))
        self._seen.forget(token)

    async def end_all(self, agent: StoredAgent) -> None:
        """End all sessions of an agent for good; other pods know them for five seconds more."""
        await self._agent_cache.end_logins(agent)

    async def ended(self, keys: Collection[str]) -> set[str]:
        """Return which of some sessions have ended; the others are in use."""
        now = self._clock.now()
        still_open = await self._store.open(keys, now)
        for key, session in still_open.items():
            await self._prolonged(key, session, now)
        return set(keys) - still_open.keys()

    async def _store_first(self, key: tuple[str, str], opened: OpenSession) -> OpenSession:
        if len(self._begun) >= _MOST_BEGUN:
            self._begun.clear()
        # Before it is stored: requests that come together share one session.
        self._begun[key] = opened
        self._keep(opened.token, opened.session)
        try:
            await self._store.add(opened.token, opened.session)
        except BaseException:
            self._begun.pop(key, None)
            self._seen.forget(opened.token)
            raise
        return opened

    def _is_reusable(self, session: LoginSession, login: StoredLogin) -> bool:
        left = session.expires_at - self._clock.now()
        return left > min(self._idle, self._lifetime) / 2 and _fits(session, login)

    async def _recall(self, token: str) -> LoginSession | None:
        now = self._clock.now()
        if known := self._seen.recall(token, now=now.timestamp()):
            return known.value
        session = await self._store.find(token, now)
        if session is None:
            return None
        session = await self._prolonged(session_key(token), session, now)
        self._keep(token, session)
        return session

    def _keep(self, token: str, session: LoginSession) -> None:
        now, until = self._clock.now().timestamp(), session.expires_at.timestamp()
        self._seen.keep(token, session, now=now, until=until)

    async def _prolonged(self, key: str, session: LoginSession, now: datetime) -> LoginSession:
        """Return a session that is used now: it lasts longer, but never beyond its end."""
        expires_at = min(now + self._idle, session.ends_at)
        if session.expires_at - now >= self._idle / 2 or expires_at <= session.expires_at:
            return session
        await self._store.prolong(key, expires_at)
        return replace(session, expires_at=expires_at)


def shows_its_password(known: OpenSession, password: str) -> bool:
    """Say whether a password is the one that a session was begun with; it costs microseconds.

    Nobody can guess passwords with it who does not have the cookie.
    """
    return secrets.compare_digest(known.session.password_digest, _digest(known.token, password))


def _digest(token: str, password: str) -> str:
    return hmac.digest(token.encode(), password.encode(), hashlib.sha256).hex()


def _fits(session: LoginSession, login: StoredLogin) -> bool:
    return secrets.compare_digest(session.proof, proof_of(login))


def proof_of(login: StoredLogin) -> str:
    """Return what changes with the agent's password, and whenever their logins are ended."""
    generation = f"#{login.generation}" if login.generation else ""
    return hashlib.sha256(f"{login.password_hash}{generation}".encode()).hexdigest()[:32]
