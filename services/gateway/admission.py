"""Who speaks: decided once for every request, by password or by session."""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from services.gateway.bayeux.web import Scope, header
from services.gateway.brake import Brake
from services.gateway.credentials import (
    CSRF_HEADER,
    Basic,
    MalformedCredentialsError,
    basic_credentials,
    changes_something,
    client_address,
    session_cookie,
    session_token,
)
from services.gateway.errors import RequestError, Situation
from services.gateway.passwords import Passwords
from services.gateway.roster import Roster
from services.gateway.sessions import Sessions
from shared.storage.agents import StoredAgent

CHALLENGE: Final[Mapping[str, str]] = {
    "WWW-Authenticate": 'Basic realm="mailroom", charset="UTF-8"'
}
FORGED: Final = "Missing or invalid Csrf token"
_KEY: Final = "mailroom.admitted"


@dataclass(frozen=True, slots=True)
class Admitted:
    """Somebody who may speak, and what the answer has to carry for it."""

    agent: StoredAgent
    csrf_token: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def user_id(self) -> str:
        """Whose topics "me" stands for."""
        return self.agent.id


class Admission:
    """Admits the senders of requests. The same request is asked only once."""

    def __init__(
        self,
        *,
        passwords: Passwords,
        roster: Roster,
        sessions: Sessions,
        brake: Brake,
        secure_cookies: bool,
    ) -> None:
        self._passwords = passwords
        self._roster = roster
        self._sessions = sessions
        self._brake = brake
        self._secure = secure_cookies

    async def admit(self, scope: Scope) -> Admitted:
        """Return who speaks.

        Raises:
            RequestError: Nobody known, somebody who tries too often, or a page that uses the
                cookie of its visitor.
            Unavailable: It cannot be found out now.
        """
        known = scope.get(_KEY)
        if isinstance(known, Admitted):
            return known
        admitted = await self._admit(scope)
        scope[_KEY] = admitted
        return admitted

    async def principal(self, scope: Scope) -> Admitted | None:
        """Return who speaks, or None for nobody known."""
        try:
            return await self.admit(scope)
        except RequestError:
            return None

    async def _admit(self, scope: Scope) -> Admitted:
        try:
            basic = basic_credentials(scope)
        except MalformedCredentialsError as error:
            raise _stranger() from error
        token = session_token(scope)
        if basic is not None:
            return await self._by_password(basic, token, scope)
        recognised = await self._sessions.recognise(token) if token else None
        if recognised is None:
            raise _stranger()
        agent, session = recognised
        if changes_something(scope) and not _carries(scope, session.csrf_token):
            raise RequestError(Situation.FORGED, FORGED)
        return Admitted(agent, session.csrf_token)

    async def _by_password(self, basic: Basic, token: str | None, scope: Scope) -> Admitted:
        agent = await self._log_in(basic, client_address(scope))
        recognised = await self._sessions.recognise(token) if token else None
        if recognised is not None and recognised[0].id == agent.id:
            return Admitted(agent, recognised[1].csrf_token)
        opened = await self._sessions.begin(agent, client_address(scope))
        cookie = session_cookie(opened.token, secure=self._secure)
        return Admitted(agent, opened.session.csrf_token, {"Set-Cookie": cookie})

    async def _log_in(self, basic: Basic, client: str) -> StoredAgent:
        agent = await self._roster.named(basic.user_name)
        stored = agent.password_hash if agent and agent.enabled else None
        if agent is not None and self._passwords.remembers(basic.password, stored):
            return agent
        key, now = (basic.user_name, client), asyncio.get_running_loop().time()
        if (wait := self._brake.wait(key, now)) > 0:
            raise _too_often(wait)
        if not await self._passwords.match(basic.password, stored) or agent is None:
            self._brake.fail(key, now)
            raise _stranger()
        self._brake.succeed(key)
        return agent


def _carries(scope: Scope, csrf_token: str) -> bool:
    given = header(scope, CSRF_HEADER.lower().encode()) or ""
    return secrets.compare_digest(given.encode(), csrf_token.encode())


def _stranger() -> RequestError:
    return RequestError(
        Situation.NOT_AUTHENTICATED, "user name or password is not right", headers=CHALLENGE
    )


def _too_often(wait: float) -> RequestError:
    return RequestError(
        Situation.TOO_MANY_REQUESTS,
        "too many failed logins: wait before the next",
        headers={"Retry-After": str(int(wait) + 1)},
    )
