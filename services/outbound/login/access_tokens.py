"""Access tokens for the route's login: renewed by one pod, read by all."""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Final

import structlog

from shared.contracts.oauth import OAuthLogin
from shared.domain.clock import Clock
from shared.oauth.client_credentials import Credentials
from shared.oauth.renewal_schedule import LoginState, pause_after_fault, renewed_after, usable_for
from shared.oauth.token_client import DEADLINE, Post, obtain_token
from shared.oauth.token_requests import TokenClient
from shared.oauth.token_responses import Denied, Granted, Outcome, PutOff
from shared.storage.database.leases import LeaseStore
from shared.storage.sealing import Sealer
from shared.storage.token_store import Grant, TokenStore, login_id

log = structlog.get_logger()

_LEASE: Final = 3 * DEADLINE
_LOOKS_EVERY: Final = timedelta(seconds=0.5)
_NO_CONSENT: Final = "nobody has agreed to this login yet"
_NOTHING_YET: Final = "no answer of the token endpoint yet"


class NoTokenError(Exception):
    """There is no token to log in with now; says why, in plain words."""


@dataclass(frozen=True, slots=True)
class LoginIdentity:
    """Who logs in: a described login, the mailbox, and what shows that we may."""

    login: OAuthLogin
    user_name: str
    credentials: Credentials

    @property
    def id(self) -> str:
        """The id under which its token is kept."""
        return login_id(self.login.name, self.user_name)

    @property
    def made_from(self) -> str:
        """What tells this description from every other one."""
        described = f"{self.login.model_dump_json()} {self.user_name}"
        return hashlib.sha256(described.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Issuer:
    """Where tokens come from and are kept, and whose turn it is to get one."""

    store: TokenStore
    leases: LeaseStore
    sealer: Sealer
    post: Post
    clock: Clock
    random: Random
    patience: timedelta = field(default=DEADLINE + timedelta(seconds=5))


class TokenKeeper:
    """Keeps a token at hand for whoever logs in. Asks no more often than the rules allow."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._renewing = asyncio.Lock()

    async def current(self, who: LoginIdentity) -> str:
        """Return a token that can be shown now.

        Raises:
            NoTokenError: The login is refused, or there is no token yet.
            Unavailable: The database does not answer.
        """
        state = await self._issuer.store.read(who.id)
        if not state.is_usable(who.made_from) and state.is_due(who.made_from, self._attempt(who)):
            if not await self._renew(who):
                await self._wait_for_another_pod(who, state)
            state = await self._issuer.store.read(who.id)
        if not state.is_usable(who.made_from):
            raise NoTokenError(state.fault or _NOTHING_YET)
        return state.access_token

    async def look(self, who: LoginIdentity) -> LoginState:
        """Renew the token where it is time; return how the login stands."""
        state = await self._issuer.store.read(who.id)
        if state.is_due(who.made_from, self._attempt(who)) and await self._renew(who):
            state = await self._issuer.store.read(who.id)
        return state

    async def reject(self, who: LoginIdentity, token: str, words: str) -> None:
        """Take note that the mail server has refused a token."""
        state = await self._issuer.store.read(who.id)
        if state.access_token != token:
            return  # another connection was told the same, and there is a new one
        attempt = self._attempt(who)
        if await self._issuer.store.write_rejected(who.id, state, attempt=attempt, fault=words):
            log.warning("token refused by the mail server", login=who.login.name, reason=words)

    async def take(self, who: LoginIdentity, token: str) -> None:
        """Take note that the mail server has taken a token."""
        state = await self._issuer.store.read(who.id)
        if state.rejections and state.access_token == token:
            await self._issuer.store.write_taken(who.id, state)

    async def _renew(self, who: LoginIdentity) -> bool:
        """Get a token under the lease, if it still is time; say whether the lease was to be had."""
        name = f"login {who.id}"
        async with self._renewing:
            if not await self._issuer.leases.acquire(name, _LEASE):
                return False
            try:
                await self._renew_if_due(who)
            finally:
                while await self._issuer.leases.release(name, _LEASE):
                    # Whoever asked meanwhile reads what is there now.
                    continue
        return True

    async def _renew_if_due(self, who: LoginIdentity) -> None:
        state = await self._issuer.store.read(who.id)
        if not state.is_due(who.made_from, self._attempt(who)):
            return
        outcome = await self._ask(who, state)
        if not await self._keep(who, state, outcome):
            log.info("login was changed meanwhile", login=who.login.name)

    async def _ask(self, who: LoginIdentity, state: LoginState) -> Outcome:
        if who.login.kind == "device" and not state.refresh_token:
            return Denied("", f"{_NO_CONSENT}: run `mailroom authorize {who.login.name}`")
        asker = TokenClient(
            who.login,
            who.credentials,
            who.user_name,
            self._issuer.clock.now(),
            secrets.token_hex(16),
        )
        return await obtain_token(self._issuer.post, asker, state.refresh_token)

    async def _keep(self, who: LoginIdentity, state: LoginState, outcome: Outcome) -> bool:
        store, random, attempt = self._issuer.store, self._issuer.random, self._attempt(who)
        match outcome:
            case Granted(token, life, refresh_token):
                grant = Grant(
                    token,
                    refresh_token or state.refresh_token,
                    usable_for(life),
                    renewed_after(life, random),
                    who.made_from,
                )
                return await store.write_granted(who.id, state, grant)
            case Denied(_, words):
                log.warning("login refused", login=who.login.name, reason=words)
                return await store.write_refused(who.id, state, attempt=attempt, fault=words)
            case PutOff(words, pause):
                log.warning("token not renewed", login=who.login.name, reason=words)
                pause = pause_after_fault(state.faults + 1, pause, random)
                return await store.write_fault(
                    who.id, state, attempt=attempt, fault=words, pause=pause
                )

    async def _wait_for_another_pod(self, who: LoginIdentity, before: LoginState) -> None:
        for _ in range(self._issuer.patience // _LOOKS_EVERY):
            if (await self._issuer.store.read(who.id)).version != before.version:
                return
            await asyncio.sleep(_LOOKS_EVERY.total_seconds())
        log.warning("no other pod has renewed the login", login=who.login.name)

    def _attempt(self, who: LoginIdentity) -> str:
        return self._issuer.sealer.digest(f"{who.made_from} {who.credentials.proof}")[:16]
