"""Authenticates each request once: by password, bearer token or session cookie."""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from services.gateway.auth.agent_cache import AgentAccount
from services.gateway.auth.authenticated_agent import AuthenticatedAgent
from services.gateway.auth.passwords.password_authenticator import PasswordAuthenticator
from services.gateway.auth.sessions.cookie_sessions import (
    CookieSessions,
    OpenSession,
    is_session_password,
    login_proof,
)
from services.gateway.auth.sessions.session_store import session_key
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

if TYPE_CHECKING:
    from services.gateway.auth.tokens.bearer_authenticator import BearerAuthenticator

CHALLENGE: Final[Mapping[str, str]] = {
    "WWW-Authenticate": 'Basic realm="mailroom", charset="UTF-8"'
}
FORGED: Final = "Missing or invalid Csrf token"
BEARER: Final = "bearer"
"""The `proof` of a login by bearer token. It does not depend on the password."""
_QUIET_CHALLENGE: Final[Mapping[str, str]] = {"WWW-Authenticate": 'Cookie realm="mailroom"'}
"""For scripts of pages: with a challenge of Basic, browsers would open a dialog of their own."""

_BAD_TOKEN: Final[Mapping[str, str]] = {
    "WWW-Authenticate": 'Bearer realm="mailroom", error="invalid_token"'
}
_SCOPE_KEY: Final = "mailroom.authenticated"


class RequestAuthenticator:
    """Finds the agent who sent a request. The result is kept in the scope of the request."""

    def __init__(
        self,
        *,
        logins: PasswordAuthenticator,
        sessions: CookieSessions,
        bearers: "BearerAuthenticator | None",
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

    async def authenticate(self, scope: Scope) -> AuthenticatedAgent:
        """Return the agent who sent a request.

        Raises:
            RequestError: The credentials are wrong (401), too many logins failed before (429), or
                a change by cookie has no valid CSRF token (403).
            Unavailable: Agents or sessions cannot be read now.
        """
        cached = scope.get(_SCOPE_KEY)
        if isinstance(cached, AuthenticatedAgent):
            return cached
        authenticated = await self._authenticate(scope)
        scope[_SCOPE_KEY] = authenticated
        return authenticated

    async def log_out(self, scope: Scope) -> Mapping[str, str]:
        """End the session of a request for good; return the headers that delete its cookie.

        Raises:
            Unavailable: The session may not have ended: log out again.
        """
        authenticated = await self.authenticate(scope)
        if authenticated.cookie:
            await self._sessions.end(authenticated.cookie)
        return self._cookie_deletion()

    async def log_out_everywhere(self, scope: Scope) -> Mapping[str, str]:
        """End all sessions of the agent for good; return the headers that delete the cookie.

        Raises:
            Unavailable: The sessions may not have ended: log out again.
        """
        await self._sessions.end_all((await self.authenticate(scope)).agent)
        return self._cookie_deletion()

    def _cookie_deletion(self) -> Mapping[str, str]:
        return {"Set-Cookie": f"{self._cookies.cookie(COOKIE, '')}; Max-Age=0"}

    async def _authenticate(self, scope: Scope) -> AuthenticatedAgent:
        try:
            shown = credentials(scope)
        except MalformedCredentialsError as error:
            raise not_authenticated(scope) from error
        match shown:
            case Bearer(token):
                return await self._by_token(token, scope)
            case Basic():
                return await self._by_password(shown, scope)
            case _:
                return await self._by_session(scope)

    async def _by_token(self, token: str, scope: Scope) -> AuthenticatedAgent:
        if self._bearers is None:
            raise not_authenticated(scope)
        accepted = await self._bearers.authenticate(token)
        if accepted is None:
            raise RequestError(
                Situation.NOT_AUTHENTICATED,
                "the token is not accepted: get a new one",
                headers=_BAD_TOKEN,
            )
        agent, ends_at = accepted
        seconds_left = (ends_at - self._clock.now()).total_seconds()
        return AuthenticatedAgent(
            agent,
            Login(
                BEARER,
                asyncio.get_running_loop().time() + seconds_left,
                roles=frozenset(agent.roles),
            ),
        )

    async def _by_session(self, scope: Scope) -> AuthenticatedAgent:
        token = session_token(scope) or ""
        found = await self._sessions.find(token) if token else None
        if found is None:
            raise not_authenticated(scope)
        account, session = found
        if self._checks_csrf and changes_something(scope):
            _require_csrf_token(scope, session.csrf_token)
        seconds_left = (session.ends_at - self._clock.now()).total_seconds()
        ends_at = asyncio.get_running_loop().time() + seconds_left
        roles = frozenset(account.agent.roles)
        login = Login(login_proof(account.login), ends_at, session_key(token), roles)
        return replace(self._accepted(account, OpenSession(token, session)), login=login)

    async def _by_password(self, basic: Basic, scope: Scope) -> AuthenticatedAgent:
        token = session_token(scope) or ""
        found = await self._sessions.find(token) if token else None
        if found is not None:
            account, session = found
            opened = OpenSession(token, session)
            # A stolen cookie would otherwise let its thief guess the password without the throttle.
            if not self._logins.is_suspect(token) and _began_session(opened, account, basic):
                return self._accepted(account, opened)
        device = (token, found[0].agent.id) if found else None
        logged_in = await self._logins.log_in(basic, client_address(scope), device)
        if logged_in is None:
            raise not_authenticated(scope)
        if found is not None and found[0].agent.id == logged_in.agent.id:
            return self._accepted(logged_in, OpenSession(token, found[1]))
        opened = await self._sessions.begin(logged_in, client_address(scope), basic.password)
        cookie = self._cookies.cookie(COOKIE, opened.token)
        return self._accepted(logged_in, opened, {"Set-Cookie": cookie})

    def _accepted(
        self, account: AgentAccount, opened: OpenSession, headers: Mapping[str, str] | None = None
    ) -> AuthenticatedAgent:
        """Return an agent who sent the password: CometD sessions may outlive the cookie session."""
        csrf_token = opened.session.csrf_token if self._checks_csrf else ""
        login = Login(login_proof(account.login), roles=frozenset(account.agent.roles))
        return AuthenticatedAgent(account.agent, login, csrf_token, opened.token, headers or {})


def not_authenticated(scope: Scope) -> RequestError:
    """Return the error for wrong credentials; it does not tell which user names exist.

    A request with `X-Requested-With: XMLHttpRequest` is not asked for Basic.
    """
    is_script = (header(scope, b"x-requested-with") or "").lower() == "xmlhttprequest"
    return RequestError(
        Situation.NOT_AUTHENTICATED,
        "user name or password is not right",
        headers=_QUIET_CHALLENGE if is_script else CHALLENGE,
    )


def _began_session(opened: OpenSession, account: AgentAccount, basic: Basic) -> bool:
    """Say whether user name and password are those that the session was begun with.

    Argon2 is skipped then: it takes up to half a second of a core, too much when a thousand
    desktops reconnect at once.
    """
    same_name = account.login.user_name == basic.user_name
    return same_name and is_session_password(opened, basic.password)


def _require_csrf_token(scope: Scope, csrf_token: str) -> None:
    given = header(scope, CSRF_HEADER.lower().encode()) or ""
    if not secrets.compare_digest(given.encode(), csrf_token.encode()):
        raise RequestError(Situation.FORGED, FORGED)
