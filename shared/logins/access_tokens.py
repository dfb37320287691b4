"""Access tokens for the route's login: one pod renews them, all pods read them."""

import asyncio
import hashlib
import secrets
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Final

import structlog

from shared.contracts.oauth import MailServer, OAuthLogin
from shared.domain.clock import Clock
from shared.oauth.client_credentials import Credentials
from shared.oauth.renewal_schedule import (
    LoginState,
    pause_after_fault,
    renewed_after,
    usable_for,
)
from shared.oauth.token_client import DEADLINE, Post, obtain_token
from shared.oauth.token_requests import TokenClient
from shared.oauth.token_responses import Denied, Granted, Outcome, TemporaryFailure
from shared.storage.database.leases import LeaseStore
from shared.storage.sealing import Sealer
from shared.storage.token_store import Grant, TokenStore, login_id

log = structlog.get_logger()

_LEASE: Final = 3 * DEADLINE
# Another pod renews the login meanwhile, which takes a request.
_POLL_EVERY: Final = timedelta(seconds=0.5)
_NO_CONSENT: Final = "nobody has agreed to this login yet"
_NO_RESPONSE_YET: Final = "no answer of the token endpoint yet"


class NoTokenError(Exception):
    """There is no usable token now; the message says why.

    `is_refused` says whether somebody has to act, because the login itself was refused.
    """

    def __init__(self, words: str, *, is_refused: bool = False) -> None:
        super().__init__(words)
        self.is_refused = is_refused


@dataclass(frozen=True, slots=True)
class LoginIdentity:
    """A login of the description, its mailbox, and the credentials for the token endpoint.

    Its token is the same for each `server`; what one server refuses counts for that server only.
    """

    login: OAuthLogin
    user_name: str
    credentials: Credentials
    server: MailServer

    @property
    def id(self) -> str:
        """The id under which its token is kept."""
        return login_id(self.login.name, self.user_name)

    @property
    def made_from(self) -> str:
        """A digest of the description; a token made from another description is not used."""
        described = f"{self.login.model_dump_json()} {self.user_name}"
        return hashlib.sha256(described.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Issuer:
    """The means of renewing a token: the store, the lease of the renewing pod, the endpoint.

    `patience` is how long a pod waits for another one to renew.
    """

    store: TokenStore
    leases: LeaseStore
    sealer: Sealer
    post: Post
    clock: Clock
    random: Random
    patience: timedelta = field(default=DEADLINE + timedelta(seconds=5))


class TokenKeeper:
    """Returns usable tokens, and renews them no more often than `renewal_schedule` allows."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        # A token endpoint that hangs holds back its own login only.
        self._renewing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def current(self, identity: LoginIdentity) -> str:
        """Return a usable token; renew it first if none is there and a try is due.

        Raises:
            NoTokenError: The login is refused by the endpoint or the mail server, or
                there is no token yet.
            Unavailable: The database does not answer.
        """
        state = await self._issuer.store.read(identity.id)
        refusal = state.refusals.get(identity.server)
        if refusal and refusal.is_resting(state.now, self._attempt_digest(identity)):
            raise NoTokenError(refusal.fault, is_refused=True)
        if not _is_presentable(identity, state) and self._is_due(identity, state):
            if not await self._renew(identity):
                await self._wait_for_another_pod(identity, state)
            state = await self._issuer.store.read(identity.id)
        if not _is_presentable(identity, state):
            is_refused = state.refused_at is not None
            raise NoTokenError(state.fault or _NO_RESPONSE_YET, is_refused=is_refused)
        return state.access_token

    async def renew_if_due(self, identity: LoginIdentity) -> LoginState:
        """Renew the token if that is due; return the state of the login."""
        state = await self._issuer.store.read(identity.id)
        if self._is_due(identity, state) and await self._renew(identity):
            state = await self._issuer.store.read(identity.id)
        return state

    async def reject(self, identity: LoginIdentity, token: str, words: str) -> None:
        """Record that the mail server refused a token; a newer token is left alone."""
        state = await self._issuer.store.read(identity.id)
        if state.access_token != token or state.is_token_refused(identity.server):
            return  # another connection recorded the same refusal
        attempt = self._attempt_digest(identity)
        if await self._issuer.store.write_rejected(
            identity.id, state, identity.server, attempt=attempt, fault=words
        ):
            log.warning("token refused by the mail server", login=identity.login.name, reason=words)

    async def confirm(self, identity: LoginIdentity, token: str) -> None:
        """Record that the mail server accepted a token: its earlier refusals no longer count."""
        state = await self._issuer.store.read(identity.id)
        if identity.server in state.refusals and state.access_token == token:
            await self._issuer.store.write_taken(identity.id, state, identity.server)

    async def _renew(self, identity: LoginIdentity) -> bool:
        """Renew under the lease, if still due; return False if another pod holds the lease."""
        name = f"login {identity.id}"
        async with self._renewing[identity.id]:
            if not await self._issuer.leases.acquire(name, _LEASE):
                return False
            try:
                await self._renew_under_lease(identity)
            finally:
                while await self._issuer.leases.release(name, _LEASE):
                    # Pods that asked meanwhile need no second renewal: they read the new state.
                    continue
        return True

    async def _renew_under_lease(self, identity: LoginIdentity) -> None:
        state = await self._issuer.store.read(identity.id)
        if not self._is_due(identity, state):
            return
        outcome = await self._request_token(identity, state)
        if not await self._store_outcome(identity, state, outcome):
            log.info("login was changed meanwhile", login=identity.login.name)

    async def _request_token(self, identity: LoginIdentity, state: LoginState) -> Outcome:
        if identity.login.kind == "device" and not state.refresh_token:
            return Denied("", f"{_NO_CONSENT}: run `mailroom authorize {identity.login.name}`")
        client = TokenClient(
            identity.login,
            identity.credentials,
            identity.user_name,
            self._issuer.clock.now(),
            secrets.token_hex(16),
        )
        return await obtain_token(self._issuer.post, client, state.refresh_token)

    async def _store_outcome(
        self, identity: LoginIdentity, state: LoginState, outcome: Outcome
    ) -> bool:
        store, random, attempt = (
            self._issuer.store,
            self._issuer.random,
            self._attempt_digest(identity),
        )
        match outcome:
            case Granted(token, life, refresh_token):
                grant = Grant(
                    token,
                    refresh_token or state.refresh_token,
                    usable_for(life),
                    renewed_after(life, random),
                    identity.made_from,
                )
                return await store.write_granted(identity.id, state, grant)
            case Denied(_, words):
                log.warning("login refused", login=identity.login.name, reason=words)
                return await store.write_refused(identity.id, state, attempt=attempt, fault=words)
            case TemporaryFailure(words, pause):
                log.warning("token not renewed", login=identity.login.name, reason=words)
                pause = pause_after_fault(state.faults + 1, pause, random)
                return await store.write_fault(
                    identity.id, state, attempt=attempt, fault=words, pause=pause
                )

    async def _wait_for_another_pod(self, identity: LoginIdentity, before: LoginState) -> None:
        for _ in range(self._issuer.patience // _POLL_EVERY):
            if (await self._issuer.store.read(identity.id)).version != before.version:
                return
            await asyncio.sleep(_POLL_EVERY.total_seconds())
        log.warning("no other pod has renewed the login", login=identity.login.name)

    def _is_due(self, identity: LoginIdentity, state: LoginState) -> bool:
        """Say whether to request a token now, for its age or for the mail server's refusal."""
        attempt = self._attempt_digest(identity)
        refusal = state.refusals.get(identity.server)
        if state.is_token_refused(identity.server) and not (
            refusal and refusal.is_resting(state.now, attempt)
        ):
            return not state.is_resting(attempt)
        return state.is_due(identity.made_from, attempt)

    def _attempt_digest(self, identity: LoginIdentity) -> str:
        return self._issuer.sealer.digest(f"{identity.made_from} {identity.credentials.proof}")[:16]


def _is_presentable(identity: LoginIdentity, state: LoginState) -> bool:
    """Say whether there is a token that the mail server has not refused."""
    return state.is_usable(identity.made_from) and not state.is_token_refused(identity.server)
