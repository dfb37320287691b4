"""Authenticates every request once: by password, by token or by session."""

import asyncio
import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from services.gateway.auth.agent_cache import Member
from services.gateway.auth.bearer_authenticator import BearerAuthenticator
from services.gateway.auth.cookie_sessions import (
    CookieSessions,
    OpenSession,
    proof_of,
    shows_its_password,
)
from services.gateway.auth.password_authenticator import PasswordAuthenticator
from services.gateway.auth.session_store import session_key
from services.gateway.errors import RequestError, Situation
from services.gateway.http.credentials import (
    COOKIE,
    CSRF_HEADER,
    Basic,
    Bearer,
    MalformedCredentialsError,
    changes_something,
    client_address,
    credentials,
    session_token,
)
from shared.bayeux import Login
from shared.bayeux.cookies import CookiePolicy
from shared.bayeux.transports.web import Scope, header
from shared.domain.clock import Clock
from shared.storage.agents.agent_store import StoredAgent

CHALLENGE: Final[Mapping[str, str]] = {
    "WWW-Authenticate": 'Basic realm="mailroom", charset="UTF-8"'
}
FORGED: Final = "Missing or invalid Csrf token"
BEARER: Final = "bearer"
"""The proof of whoever came with a bearer token: a change of the password does not matter."""
_BAD_TOKEN: Final[Mapping[str, str]] = {
    "WWW-Authenticate": 'Bearer realm="mailroom", error="invalid_token"'
}
_KEY: Final = "mailroom.admitted"


@dataclass(frozen=True, slots=True)
class AuthenticatedAgent:
    """Somebody who may speak, by what right, and what the answer has to carry for it.

    `cookie` is the value of their session's; empty where they have no session.
    """

    agent: StoredAgent
    login: Login
    csrf_token: str = ""
    cookie: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def user_id(self) -> str:
        """Whose topics "me" stands for."""
        return self.agent.id


class RequestAuthenticator:
    """Admits the senders of requests. The same request is asked only once."""

    def __init__(
        self,
        *,
        logins: PasswordAuthenticator,
        sessions: CookieSessions,
        bearers: BearerAuthenticator | None,
        clock: Clock,
        cookies: CookiePolicy,
        checks_csrf: bool,
    ) -> None:
        self._logins = logins
        self._sessions = sessions
        self._bearers = bearers
        self._clock = clock
        self._cookies = cookies
        self._checks_csrf = checks_csrf

    async def admit(self, scope: Scope) -> AuthenticatedAgent:
        """Return who speaks.

        Raises:
            RequestError: Nobody known, somebody who tries too often, or a page that uses the
                cookie of its visitor.
            Unavailable: It cannot be found out now.
        """
        known = scope.get(_KEY)
        if isinstance(known, AuthenticatedAgent):
            return known
        admitted = await self._admit(scope)
        scope[_KEY] = admitted
        return admitted

    async def log_out(self, scope: Scope) -> Mapping[str, str]:
        """End the session of a request for good; return what takes its cookie away.

        Raises:
            Unavailable: It may not have ended.
        """
        admitted = await self.admit(scope)
        if admitted.cookie:
            await self._sessions.end(admitted.cookie)
        return self._without_cookie()

    async def log_out_everywhere(self, scope: Scope) -> Mapping[str, str]:
        """End all sessions of whoever asks for good; return what takes the cookie away.

        Raises:
            Unavailable: They may not have ended.
        """
        await self._sessions.end_all((await self.admit(scope)).agent)
        return self._without_cookie()

    def _without_cookie(self) -> Mapping[str, str]:
        return {"Set-Cookie": f"{self._cookies.cookie(COOKIE, '')}; Max-Age=0"}

    async def _admit(self, scope: Scope) -> AuthenticatedAgent:
        try:
            shown = credentials(scope)
        except MalformedCredentialsError as error:
            raise stranger() from error
        match shown:
            case Bearer(token):
                return await self._by_token(token)
            case Basic():
                return await self._by_password(shown, scope)
            case _:
                return await self._by_session(scope)

    async def _by_token(self, token: str) -> AuthenticatedAgent:
        if self._bearers is None:
            raise stranger()
        recognised = await self._bearers.recognise(token)
        if recognised is None:
            raise RequestError(
                Situation.NOT_AUTHENTICATED, "the token is not good", headers=_BAD_TOKEN
            )
        agent, ends_at = recognised
        lasts = (ends_at - self._clock.now()).total_seconds()
        return AuthenticatedAgent(agent, Login(BEARER, asyncio.get_running_loop().time() + lasts))

    async def _by_session(self, scope: Scope) -> AuthenticatedAgent:
        token = session_token(scope) or ""
        recognised = await self._sessions.recognise(token) if token else None
        if recognised is None:
            raise stranger()
        member, session = recognised
        if self._checks_csrf and changes_something(scope):
            _require_token(scope, session.csrf_token)
        lasts = (session.ends_at - self._clock.now()).total_seconds()
        ends_at = asyncio.get_running_loop().time() + lasts
        login = Login(proof_of(member.login), ends_at, session_key(token))
        return replace(self._admitted(member, OpenSession(token, session)), login=login)

    async def _by_password(self, basic: Basic, scope: Scope) -> AuthenticatedAgent:
        token = session_token(scope) or ""
        recognised = await self._sessions.recognise(token) if token else None
        if recognised is not None:
            member, session = recognised
            known = OpenSession(token, session)
            if not self._logins.doubts(token) and _is_both(known, member, basic):
                return self._admitted(member, known)
        device = (token, recognised[0].agent.id) if recognised else None
        logged_in = await self._logins.log_in(basic, client_address(scope), device)
        if logged_in is None:
            raise stranger()
        if recognised is not None and recognised[0].agent.id == logged_in.agent.id:
            return self._admitted(logged_in, OpenSession(token, recognised[1]))
        opened = await self._sessions.begin(logged_in, client_address(scope), basic.password)
        cookie = self._cookies.cookie(COOKIE, opened.token)
        return self._admitted(logged_in, opened, {"Set-Cookie": cookie})

    def _admitted(
        self, member: Member, opened: OpenSession, headers: Mapping[str, str] | None = None
    ) -> AuthenticatedAgent:
        """Return somebody who showed a password: what they open does not depend on the session."""
        csrf_token = opened.session.csrf_token if self._checks_csrf else ""
        login = Login(proof_of(member.login), math.inf)
        return AuthenticatedAgent(member.agent, login, csrf_token, opened.token, headers or {})


def stranger() -> RequestError:
    """Return the error of somebody whom nobody knows; it tells nothing of who is known."""
    return RequestError(
        Situation.NOT_AUTHENTICATED, "user name or password is not right", headers=CHALLENGE
    )


def _is_both(known: OpenSession, member: Member, basic: Basic) -> bool:
    """Say whether a password is shown beside the cookie of the session that it began.

    Checking it against the stored hash takes a core up to half a second, which is too much when a
    thousand desktops come back at once.
    """
    return member.login.user_name == basic.user_name and shows_its_password(known, basic.password)


def _require_token(scope: Scope, csrf_token: str) -> None:
    given = header(scope, CSRF_HEADER.lower().encode()) or ""
    if not secrets.compare_digest(given.encode(), csrf_token.encode()):
        raise RequestError(Situation.FORGED, FORGED)
