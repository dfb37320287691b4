"""Logins that go on by cookie: begun with a password, known to every pod, ended by time."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import uuid4

from services.gateway.roster import Roster
from services.gateway.store import Session, SessionStore
from shared.domain.clock import Clock
from shared.short_memory import ShortMemory
from shared.storage.agents import StoredAgent, StoredLogin

_MOST_BEGUN: Final = 10_000


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session and the value of its cookie."""

    token: str
    session: Session


class Sessions:
    """Begins sessions and recognises them."""

    def __init__(
        self, store: SessionStore, roster: Roster, clock: Clock, *, lifetime: timedelta
    ) -> None:
        self._store = store
        self._roster = roster
        self._clock = clock
        self._lifetime = lifetime
        self._begun: dict[tuple[str, str], OpenSession] = {}
        self._seen = ShortMemory[str, Session]()

    async def begin(self, agent: StoredAgent, client: str, password: str) -> OpenSession:
        """Return a session for an agent whose password was right.

        A client that never returns its cookie gets the same session again, not a new one for
        each request.
        """
        now, key = self._clock.now(), (agent.id, client)
        known = self._begun.get(key)
        if (
            known
            and known.session.expires_at - now > self._lifetime / 2
            and _fits(known.session, agent)
        ):
            return known
        token = secrets.token_urlsafe(24)
        session = Session(
            agent.id,
            str(uuid4()),
            proof_of(agent),
            now + self._lifetime,
            _digest(token, password),
        )
        opened = OpenSession(token, session)
        if len(self._begun) >= _MOST_BEGUN:
            self._begun.clear()
        # Before it is stored: requests that come together share one session.
        self._begun[key] = opened
        try:
            await self._store.add(opened.token, opened.session)
        except BaseException:
            self._begun.pop(key, None)
            raise
        return opened

    async def recognise(self, token: str) -> tuple[StoredAgent, Session] | None:
        """Return whose session it is; None where it has ended or never was one."""
        session = await self._recall(token)
        agent = await self._roster.get(session.agent_id) if session else None
        if session is None or agent is None or not agent.enabled or not _fits(session, agent):
            return None
        return agent, session

    async def _recall(self, token: str) -> Session | None:
        now = self._clock.now()
        if known := self._seen.recall(token, now=now.timestamp()):
            return known.value
        session = await self._store.find(token, now)
        if session is None:
            return None
        if session.expires_at - now < self._lifetime / 2:
            session = replace(session, expires_at=now + self._lifetime)
            await self._store.prolong(token, session.expires_at)
        self._seen.keep(token, session, now=now.timestamp())
        return session


def shows_its_password(token: str, session: Session, password: str) -> bool:
    """Say whether a password is the one that a session was begun with; it costs microseconds.

    Nobody can guess passwords with it who does not have the cookie.
    """
    return secrets.compare_digest(session.password_digest, _digest(token, password))


def _digest(token: str, password: str) -> str:
    return hmac.digest(token.encode(), password.encode(), hashlib.sha256).hex()


def _fits(session: Session, agent: StoredAgent) -> bool:
    return secrets.compare_digest(session.proof, proof_of(agent))


def proof_of(agent: StoredAgent | StoredLogin) -> str:
    """Return what changes with the agent's password."""
    return hashlib.sha256(agent.password_hash.encode()).hexdigest()[:32]
