"""The two addresses of a login by code: one leads to the provider, one takes the code back."""

import re
from typing import Final, Literal

import structlog
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.auth.agent_cache import AgentCache
from services.gateway.auth.sessions.cookie_sessions import CookieSessions
from services.gateway.auth.tokens.access_tokens import (
    BadTokenError,
    TokenRules,
    read_head,
    verify_id_token,
)
from services.gateway.auth.tokens.signing_keys import KeysUnavailableError, SigningKeys
from services.gateway.errors import RequestError, Situation
from services.gateway.http.credentials import COOKIE, client_address
from services.gateway.sign_in.attempt import Attempt
from services.gateway.sign_in.provider import Provider, ProviderUnavailableError
from shared.bayeux.cookies import CookiePolicy
from shared.bayeux.transports.web import Scope, cookie, cookie_names
from shared.domain.clock import Clock
from shared.domain.errors import Unavailable

log = structlog.get_logger()

PATH: Final = "/desktop/sign-in"
CALLBACK: Final = f"{PATH}/callback"
ATTEMPT: Final = "mailroom_sign_in_"
"""How the name of an attempt's cookie begins; the beginning of its state follows."""

_NAMED: Final = 8
_NAME: Final = re.compile(rf"{ATTEMPT}[A-Za-z0-9_-]{{{_NAMED}}}")
_MOST_ATTEMPTS: Final = 8
"""Attempts of one browser at the same time, such as in tabs side by side."""

_LASTS: Final = 600
"""Seconds that a person may take at the provider."""

Outcome = Literal["done", "refused", "late", "unknown", "away", "down"]
"""How a login ended: the desktop has words for each.

The provider does not answer where it is `away`; a part of our own, such as the database, is `down`.
"""


class SignInPages:
    """Leads a browser to the provider, and begins a session where it comes back with a code.

    The ID token ends here: no page sees it, and only its user name is used.
    """

    def __init__(
        self,
        *,
        provider: Provider,
        keys: SigningKeys,
        rules: TokenRules,
        agent_cache: AgentCache,
        sessions: CookieSessions,
        cookies: CookiePolicy,
        clock: Clock,
    ) -> None:
        self._provider = provider
        self._keys = keys
        self._rules = rules
        self._agent_cache = agent_cache
        self._sessions = sessions
        self._cookies = cookies
        self._clock = clock

    async def response(self, scope: Scope) -> Response | None:
        """Return the response to a request; None where its path is another.

        Raises:
            RequestError: The method is not GET (405).
        """
        if scope["path"] not in (PATH, CALLBACK):
            return None
        if scope["method"] != "GET":
            raise RequestError(
                Situation.METHOD_UNKNOWN,
                "this is opened in a browser",
                headers={"Allow": "GET, OPTIONS"},
            )
        request = Request(scope)
        if scope["path"] == PATH:
            return await self._lead(request, in_window="window" in request.query_params)
        return await self._come_back(request)

    async def _lead(self, request: Request, *, in_window: bool) -> Response:
        attempt = Attempt.new(in_window=in_window)
        client = self._provider.client
        try:
            endpoint = (await self._provider.endpoints()).authorization
        except ProviderUnavailableError as error:
            log.warning("nobody can log in by the OpenID provider", reason=str(error))
            return self._led("away", in_window=in_window)
        response = _redirect(attempt.address(endpoint, client.client_id, client.callback))
        # Browsers send the oldest first.
        begun = [one for one in cookie_names(request.scope, ATTEMPT) if _NAME.fullmatch(one)]
        for name in begun[: 1 - _MOST_ATTEMPTS]:
            self._set_attempt(response, name, "", 0)
        self._set_attempt(response, _name_of(attempt.state), attempt.cookie, _LASTS)
        return response

    async def _come_back(self, request: Request) -> Response:
        name = _name_of(request.query_params.get("state", ""))
        attempt = Attempt.read(cookie(request.scope, name) or "")
        if attempt is None:
            return self._led("late", in_window=False)
        token, outcome = "", "refused"
        try:
            token, outcome = await self._finish(attempt, request)
        except (ProviderUnavailableError, KeysUnavailableError) as error:
            log.warning("the OpenID provider does not answer", reason=str(error))
            outcome = "away"
        except Unavailable as error:
            log.warning("a login by the OpenID provider could not be finished", reason=str(error))
            outcome = "down"
        except BadTokenError as error:
            log.warning("an ID token was refused", reason=str(error))
        response = self._led(outcome, in_window=attempt.in_window)
        if token:
            response.headers.append("Set-Cookie", self._cookies.cookie(COOKIE, token))
        if attempt.fits(request.query_params):
            # A link of a stranger does not end the attempt.
            self._set_attempt(response, name, "", 0)
        return response

    async def _finish(self, attempt: Attempt, request: Request) -> tuple[str, Outcome]:
        """Return the token of a new session, and the outcome; the token is empty without one."""
        code = attempt.code(request.query_params, self._provider.client.issuer)
        if code is None:
            reason = request.query_params.get("error", "another state or issuer")
            log.info("the OpenID provider refused a login", reason=reason[:100])
            return "", "refused"
        id_token = await self._provider.exchange(attempt, code, client_address(request.scope))
        if id_token is None:
            return "", "refused"
        keys = await self._keys.for_token(read_head(id_token))
        now = self._clock.now()
        name = verify_id_token(id_token, keys, self._rules, attempt.nonce, now).user_name
        account = await self._agent_cache.named(name)
        if account is None or not account.login.enabled:
            log.info("a person without an account logged in by the OpenID provider", user=name)
            return "", "unknown"
        return (await self._sessions.begin_by_provider(account)).token, "done"

    def _led(self, outcome: str, *, in_window: bool) -> Response:
        """Lead to the desktop, which says how the login ended."""
        query = f"sign-in={outcome}" if outcome != "done" or in_window else ""
        address = "/".join(self._provider.client.callback.split("/")[:-2])
        return _redirect(f"{address}/?{query}{'&window' if in_window else ''}".rstrip("?"))

    def _set_attempt(self, response: Response, name: str, value: str, lasts: int) -> None:
        # Lax whatever other cookies are: the provider's page, of another site, leads back here.
        policy = CookiePolicy(secure=self._cookies.secure)
        response.headers.append("Set-Cookie", f"{policy.cookie(name, value)}; Max-Age={lasts}")


def _name_of(state: str) -> str:
    """Return the name of the cookie of an attempt, so that each tab finds its own."""
    return f"{ATTEMPT}{state[:_NAMED]}"


def _redirect(address: str) -> Response:
    headers = {"Location": address, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(status_code=303, headers=headers)
