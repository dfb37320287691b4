"""Logs in to the route's server by password or by token, without repeating a refused token."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping

import structlog

from services.outbound import metrics
from services.outbound.login.access_tokens import LoginIdentity, NoTokenError, TokenKeeper
from services.outbound.smtp.connection import LoginProof, RouteUnavailableError, TokenRejectedError
from services.outbound.smtp.smtp_session import SmtpSession
from shared.contracts.contact_center import ContactCenter, SmtpRoute
from shared.oauth.client_credentials import BadCredentialsError, read_credentials
from shared.storage.sealing import BadSealingKeyError

log = structlog.get_logger()

OpenSession = Callable[[SmtpRoute, LoginProof], Awaitable[SmtpSession]]
MakeKeeper = Callable[[], TokenKeeper]
ReadContactCenter = Callable[[], Awaitable[ContactCenter]]


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
        self._make_keeper = make_keeper
        self._center = center
        self._environment = environment
        self._keeper: TokenKeeper | None = None
        self._accepted_token = ""
        self._first_use = asyncio.Lock()
        self._failing: set[str] = set()

    async def connect(self, route: SmtpRoute) -> SmtpSession:
        """Open a session that is logged in as the route says.

        Raises:
            RouteUnavailableError: The server cannot be reached or logged in to; says why.
        """
        if route.login is None:
            password = self._environment.get(route.password_variable, "")
            return await self._open_session(route, LoginProof(password=password))
        try:
            keeper, identity = await self._login_of(route)
            return await self._connect_with_token(route, keeper, identity)
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
            keeper, identity = await self._login_of(route)
        except (BadCredentialsError, BadSealingKeyError) as error:
            if name not in self._failing:
                log.warning("login cannot be used", login=name, reason=str(error))
            self._set_metric(name, needs_attention=True)
            return
        state = await keeper.renew_if_due(identity)
        self._set_metric(name, needs_attention=state.needs_attention(identity.made_from))

    async def _login_of(self, route: SmtpRoute) -> tuple[TokenKeeper, LoginIdentity]:
        name = route.login.oauth if route.login else ""
        login = (await self._center()).oauth_login(name)
        if login is None:
            raise BadCredentialsError(f"it is not described under `oauth`: {name}")
        credentials = read_credentials(login, self._environment)
        if self._keeper is None:
            self._keeper = self._make_keeper()
        return self._keeper, LoginIdentity(login, route.user_name, credentials)

    async def _connect_with_token(
        self, route: SmtpRoute, keeper: TokenKeeper, identity: LoginIdentity
    ) -> SmtpSession:
        token = await keeper.current(identity)
        if token == self._accepted_token:
            try:
                return await self._open_session(route, LoginProof(token=token))
            except TokenRejectedError as error:
                await keeper.reject(identity, token, str(error))
        # One connection tries a token that the server has not accepted yet. If it is refused,
        # the others do not add to the server's count of failed logins.
        async with self._first_use:
            return await self._try_token(route, keeper, identity)

    async def _try_token(
        self, route: SmtpRoute, keeper: TokenKeeper, identity: LoginIdentity
    ) -> SmtpSession:
        words = ""
        for _ in range(2):
            token = await keeper.current(identity)
            try:
                session = await self._open_session(route, LoginProof(token=token))
            except TokenRejectedError as error:
                words = str(error)
                await keeper.reject(identity, token, words)
                continue
            self._accepted_token = token
            await keeper.confirm(identity, token)
            return session
        raise NoTokenError(words)

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
