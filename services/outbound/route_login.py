"""Logs in to the route's server by password or by token."""

import os
from collections.abc import Awaitable, Callable, Mapping

import structlog

from services.outbound import metrics
from services.outbound.smtp.connection import LoginProof, RouteUnavailableError
from services.outbound.smtp.smtp_session import SmtpSession
from shared.contracts.contact_center import SmtpRoute
from shared.contracts.oauth import LoginUse
from shared.logins.access_tokens import NoTokenError
from shared.logins.oauth_logins import MakeKeeper, OAuthLogins, ReadContactCenter
from shared.oauth.signing_key import BadCredentialsError
from shared.storage.sealing import BadSealingKeyError

log = structlog.get_logger()

OpenSession = Callable[[SmtpRoute, LoginProof], Awaitable[SmtpSession]]


class RouteLogins:
    """Opens sessions that are logged in. A route without OAuth needs no key and no endpoint."""

    def __init__(
        self,
        open_session: OpenSession,
        make_keeper: MakeKeeper,
        center: ReadContactCenter,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._open_session = open_session
        self._logins = OAuthLogins(make_keeper, center, environment)
        self._environment = environment
        self._failing: set[str] = set()

    async def connect(self, route: SmtpRoute) -> SmtpSession:
        """Open a session that is logged in as the route says.

        Raises:
            RouteUnavailableError: The server cannot be reached or logged in to; says why.
        """
        if route.login is None:
            password = self._environment.get(route.password_variable, "")
            return await self._open_session(route, LoginProof(password=password))

        async def with_token(token: str) -> SmtpSession:
            return await self._open_session(route, LoginProof(token=token))

        use = LoginUse(route.login.oauth, route.user_name, route.server)
        try:
            return await self._logins.open(use, with_token)
        except (NoTokenError, BadCredentialsError, BadSealingKeyError) as error:
            raise RouteUnavailableError(
                f"{route.host} cannot be logged in to ({route.login.oauth}): {error}"
            ) from None

    async def renew_token(self, route: SmtpRoute) -> None:
        """Renew the route's token if that is due, and set the metric of refused logins.

        Raises:
            Unavailable: The database does not answer.
        """
        if route.login is None:
            self._set_metric("", needs_attention=False)
            return
        name = route.login.oauth
        try:
            needs_attention = await self._logins.renew(
                LoginUse(name, route.user_name, route.server)
            )
        except (BadCredentialsError, BadSealingKeyError) as error:
            if name not in self._failing:
                log.warning("login cannot be used", login=name, reason=str(error))
            needs_attention = True
        self._set_metric(name, needs_attention=needs_attention)

    def _set_metric(self, name: str, *, needs_attention: bool) -> None:
        for other in self._failing - {name}:
            metrics.LOGIN_REFUSED.labels(other).set(0)
        self._failing &= {name}
        if name:
            metrics.LOGIN_REFUSED.labels(name).set(int(needs_attention))
        if needs_attention:
            self._failing.add(name)
        elif name in self._failing:
            self._failing.discard(name)
            log.info("login works again", login=name)
