"""Opens sessions at mail servers by access token, without repeating a refused token."""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from random import SystemRandom
from typing import TypeVar

from shared.contracts.contact_center import ContactCenter
from shared.contracts.oauth import LoginUse, MailServer
from shared.domain.clock import Clock
from shared.logins.access_tokens import Issuer, LoginIdentity, NoTokenError, TokenKeeper
from shared.oauth.client_credentials import read_credentials
from shared.oauth.signing_key import BadCredentialsError
from shared.oauth.token_client import post
from shared.storage.database.client import Database
from shared.storage.database.leases import LeaseStore
from shared.storage.sealing import Sealer
from shared.storage.token_store import TokenStore

MakeKeeper = Callable[[], TokenKeeper]
ReadContactCenter = Callable[[], Awaitable[ContactCenter]]
S = TypeVar("S")


class TokenRejectedError(Exception):
    """A mail server refuses a token; the message holds its reply without the token."""


@dataclass
class _Use:
    """The knowledge of this process about a login's token at one server."""

    accepted_token: str = ""
    first_use: asyncio.Lock = field(default_factory=asyncio.Lock)


class OAuthLogins:
    """The logins under `oauth`, by name, user and server.

    Without a use, neither key nor endpoint is read.

    Its methods raise `BadCredentialsError` for a login that is not described or lacks a secret,
    and `BadSealingKeyError` without a key.
    """

    def __init__(
        self,
        make_keeper: MakeKeeper,
        center: ReadContactCenter,
        environment: Mapping[str, str],
    ) -> None:
        self._make_keeper = make_keeper
        self._center = center
        self._environment = environment
        self._keeper: TokenKeeper | None = None
        self._uses: defaultdict[tuple[str, MailServer], _Use] = defaultdict(_Use)

    async def open(self, login_use: LoginUse, open_session: Callable[[str], Awaitable[S]]) -> S:
        """Return a session that `open_session` opens with a token of the login.

        It raises `TokenRejectedError` if the server refuses the token.

        Raises:
            NoTokenError: There is no token that the server takes; the message says why.
        """
        keeper, identity = await self._found(login_use)
        token, use = await keeper.current(identity), self._uses[identity.id, identity.server]
        if token == use.accepted_token:
            try:
                return await open_session(token)
            except TokenRejectedError as error:
                await keeper.reject(identity, token, str(error))
        # One connection tries a token that the server has not accepted yet. If it is refused,
        # the others do not add to the server's count of failed logins.
        async with use.first_use:
            return await _with_unproven_token(keeper, identity, use, open_session)

    async def renew(self, login_use: LoginUse) -> bool:
        """Renew a token if that is due; return whether the login needs an operator.

        Raises:
            Unavailable: The database does not answer.
        """
        keeper, identity = await self._found(login_use)
        state = await keeper.renew_if_due(identity)
        return state.needs_attention(identity.made_from, identity.server)

    async def _found(self, use: LoginUse) -> tuple[TokenKeeper, LoginIdentity]:
        login = (await self._center()).oauth_login(use.login)
        if login is None:
            raise BadCredentialsError(f"it is not described under `oauth`: {use.login}")
        credentials = read_credentials(login, self._environment)
        if self._keeper is None:
            self._keeper = self._make_keeper()
        return self._keeper, LoginIdentity(login, use.user_name, credentials, use.server)


async def _with_unproven_token(
    keeper: TokenKeeper,
    identity: LoginIdentity,
    use: _Use,
    open_session: Callable[[str], Awaitable[S]],
) -> S:
    words = ""
    for _ in range(2):
        token = await keeper.current(identity)
        try:
            session = await open_session(token)
        except TokenRejectedError as error:
            words = str(error)
            await keeper.reject(identity, token, words)
            continue
        use.accepted_token = token
        await keeper.confirm(identity, token)
        return session
    raise NoTokenError(words, is_refused=True)


def make_keeper(database: Database, sealing_key: str, clock: Clock) -> TokenKeeper:
    """Return a keeper of tokens that are sealed under a key.

    Raises:
        BadSealingKeyError: It is no key.
    """
    sealer = Sealer(sealing_key)
    return TokenKeeper(
        Issuer(
            TokenStore(database, sealer),
            LeaseStore(database, secrets.token_hex(8)),
            sealer,
            post,
            clock,
            SystemRandom(),
        )
    )
