"""Opens sessions that are logged in, by password or by token."""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

import structlog

from services.fetching import metrics
from services.fetching.imap import faults
from services.fetching.imap.imap_session import ImapSession
from services.fetching.imap.session_thread import SessionThread
from shared.contracts.fetching import Fetch
from shared.contracts.oauth import LoginUse
from shared.logins.access_tokens import NoTokenError
from shared.logins.oauth_logins import OAuthLogins
from shared.oauth.signing_key import BadCredentialsError
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.sealing import BadSealingKeyError

log = structlog.get_logger()

# Each renewal may wait for a token endpoint; one that hangs must not keep the others back.
_RENEWED_AT_ONCE: Final = 8


class MailboxLogins:
    """Logins of mailboxes. `answer_deadline` is how long a server may be silent."""

    def __init__(
        self,
        logins: OAuthLogins,
        environment: Mapping[str, str],
        *,
        answer_deadline: timedelta,
        look_deadline: timedelta,
    ) -> None:
        self._logins = logins
        self._environment = environment
        self._answer_deadline = answer_deadline
        self._look_deadline = look_deadline
        # One for all: it holds the certificates of all authorities.
        self._context = ssl.create_default_context()

    async def open(self, fetch: Fetch) -> SessionThread:
        """Return a session that is logged in.

        Raises:
            FolderFaultError: The server cannot be reached or refuses; the words say why.
        """
        if fetch.login.oauth is None:
            password = self._environment.get(fetch.login.password_variable)
            if not password:
                raise faults.no_credentials(
                    f"set {fetch.login.password_variable} in the environment of fetching"
                )
            return await self._open(fetch, lambda session: session.log_in(password))
        oauth = fetch.login.oauth
        use = LoginUse(oauth, fetch.imap.user_name, fetch.imap.server)

        async def with_token(token: str) -> SessionThread:
            return await self._open(fetch, lambda session: session.log_in_by_token(token))

        try:
            return await self._logins.open(use, with_token)
        except NoTokenError as error:
            words = f"login {oauth}: {error}"
            raise (faults.login_ended if error.is_refused else faults.no_token_yet)(words) from None
        except (BadCredentialsError, BadSealingKeyError) as error:
            raise faults.no_credentials(f"login {oauth}: {error}") from None

    async def _open(self, fetch: Fetch, log_in: Callable[[ImapSession], None]) -> SessionThread:
        thread = SessionThread(ImapSession(fetch.imap, self._context, self._answer_deadline))
        session = thread.session
        try:
            await thread.call(session.connect, deadline=self._look_deadline)
            await thread.call(log_in, session, deadline=self._look_deadline)
        except BaseException:
            thread.discard()
            raise
        return thread


class LoginRenewal:
    """Renews the tokens of mailboxes, and shows which logins are refused."""

    def __init__(self, logins: OAuthLogins, configuration: ConfigurationStore) -> None:
        self._logins = logins
        self._configuration = configuration
        self._failing: set[str] = set()

    async def renew(self) -> None:
        """Renew each token if that is due, eight at once, and set the metric of refused logins.

        Raises:
            Unavailable: The database does not answer.
        """
        room = asyncio.Semaphore(_RENEWED_AT_ONCE)

        async def needs_attention(use: LoginUse) -> bool:
            async with room:
                return await self._needs_attention(use)

        uses = (await self._configuration.current()).mailbox_logins
        results = await asyncio.gather(
            *(needs_attention(use) for use in uses), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result
        names = {use.login for use in uses}
        failing = {use.login for use, is_failing in zip(uses, results, strict=True) if is_failing}
        for name in names:
            metrics.LOGIN_REFUSED.labels(name).set(int(name in failing))
        for name in self._failing - names:
            metrics.LOGIN_REFUSED.labels(name).set(0)
        self._failing = failing

    async def _needs_attention(self, use: LoginUse) -> bool:
        try:
            return await self._logins.renew(use)
        except (BadCredentialsError, BadSealingKeyError) as error:
            if use.login not in self._failing:
                log.warning("login cannot be used", login=use.login, reason=str(error))
            return True
