"""Outbound's logins without their process: several pods on one database, one token endpoint."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from random import SystemRandom
from uuid import uuid4

from shared.contracts.oauth import MailServer, OAuthLogin
from shared.domain.clock import Clock
from shared.logins.access_tokens import Issuer, LoginIdentity, TokenKeeper
from shared.oauth.client_credentials import read_credentials
from shared.oauth.renewal_schedule import LoginState
from shared.oauth.token_client import post
from shared.storage import token_store
from shared.storage.database.client import Database
from shared.storage.database.leases import LeaseStore
from shared.storage.sealing import Sealer
from shared.storage.token_store import TokenStore
from tests.doubles.clock import MovableClock

OLD_KEY, KEY = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
USER = "desk@demo.example"
ENVIRONMENT = {"OAUTH_SECRET": "a very secret secret"}
SMTP, IMAP = MailServer("smtp", "smtp.example", 587), MailServer("imap", "imap.example", 993)
_TIMES = ("expires_at", "renew_at", "refused_at", "retry_at")


def described(token_url: str, **changes: object) -> OAuthLogin:
    """Return a login at an endpoint, by a client's secret unless changed."""
    fields: dict[str, object] = {
        "name": "provider",
        "kind": "client-credentials",
        "token_url": token_url,
        "client_id": "client-1",
        "client_secret_variable": "OAUTH_SECRET",
        "scope": "mail.send",
    }
    return OAuthLogin.model_validate(fields | changes)


def identity(
    login: OAuthLogin,
    environment: Mapping[str, str] = ENVIRONMENT,
    server: MailServer = SMTP,
) -> LoginIdentity:
    """Return who logs in."""
    return LoginIdentity(login, USER, read_credentials(login, environment), server)


@dataclass
class Pod:
    """One pod's share; its clock is months behind the database's."""

    database: Database
    keys: str = KEY
    clock: Clock = field(default_factory=MovableClock)

    @property
    def store(self) -> TokenStore:
        return TokenStore(self.database, Sealer(self.keys))

    def keeper(self) -> TokenKeeper:
        leases = LeaseStore(self.database, uuid4().hex)
        return TokenKeeper(
            Issuer(self.store, leases, Sealer(self.keys), post, self.clock, SystemRandom())
        )

    async def state(self, who: LoginIdentity) -> LoginState:
        return await self.store.read(who.id)


async def let_pass(database: Database, by: timedelta) -> None:
    """Let time pass for all logins: the database's own clock cannot be moved."""
    earlier = {name: _moved(name, by) for name in _TIMES}
    logins = database[token_store.COLLECTION]
    await logins.update_many({}, [{"$set": earlier}])
    refusal = {"$mergeObjects": ["$$one", {"retry_at": _moved("$one.retry_at", by)}]}
    refusals = {"$map": {"input": "$server_refusals", "as": "one", "in": refusal}}
    await logins.update_many(
        {"server_refusals": {"$exists": True}}, [{"$set": {"server_refusals": refusals}}]
    )


def _moved(name: str, by: timedelta) -> dict[str, object]:
    return {"$subtract": [f"${name}", int(by.total_seconds() * 1000)]}
