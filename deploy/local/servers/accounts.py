"""The users of the local stack: one for each service, with passwords made up here."""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from services.console.accounts import (
    BROKER,
    DATABASE,
    OPERATOR,
    Account,
    accounts_of,
    password_variables,
)
from services.console.broker.definitions import definitions
from services.console.database_users import url_for
from shared.storage.sealing import VARIABLE as SEALING_KEY

_READ_BY_NOBODY_ELSE: Final = 0o600


@dataclass(frozen=True, slots=True)
class Accounts:
    """Every user's password and the key that seals tokens, as variables."""

    variables: Mapping[str, str]

    @classmethod
    def kept_in(cls, file: Path) -> "Accounts":
        """Return those of a file, made up and written down where there are none."""
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=_READ_BY_NOBODY_ELSE)
        known = json.loads(file.read_text() or "{}")
        made_up = _made_up()
        file.write_text(json.dumps(made_up | known, indent=2) + "\n")
        return cls(made_up | known)

    @classmethod
    def made_up(cls, prefix: str) -> "Accounts":
        """Return new ones, for users whose names begin with `prefix`."""
        return cls({"USER_PREFIX": prefix, **_made_up()})

    @property
    def operator(self) -> Account:
        """The broker's administrator."""
        return self._account(BROKER, OPERATOR)

    @property
    def names(self) -> list[str]:
        """The names of the broker's users."""
        return [account.name for account in accounts_of(BROKER, self.variables)]

    def definitions(self) -> str:
        """Return what the broker loads when it starts."""
        return definitions(accounts_of(BROKER, self.variables))

    def rabbitmq_url(self, owner: str, url: str) -> str:
        """Return an address of the broker for another user."""
        account, where = self._account(BROKER, owner), urlsplit(url)
        host = where.netloc.rpartition("@")[2]
        who = f"{quote(account.name, safe='')}:{quote(account.password, safe='')}"
        return where._replace(netloc=f"{who}@{host}").geturl()

    def mongodb_url(self, owner: str, url: str) -> str:
        """Return an address of the database for another user."""
        return url_for(self._account(DATABASE, owner), url)

    @property
    def sealing_key(self) -> dict[str, str]:
        """The key with which services seal tokens, as a variable."""
        return {SEALING_KEY: self.variables[SEALING_KEY]}

    def _account(self, server: str, owner: str) -> Account:
        (found,) = [one for one in accounts_of(server, self.variables) if one.owner == owner]
        return found


def _made_up() -> dict[str, str]:
    passwords = {name: secrets.token_urlsafe(24) for name in password_variables()}
    return {**passwords, SEALING_KEY: base64.b64encode(secrets.token_bytes(32)).decode()}


@dataclass(frozen=True, slots=True)
class Access:
    """How services and the command line reach the servers.

    Without accounts all of them use the same two addresses. With accounts each has its own users,
    and these addresses are the administrators'.
    """

    rabbitmq_url: str
    mongodb_url: str
    management_url: str = ""
    accounts: Accounts | None = None

    def of_service(self, name: str) -> dict[str, str]:
        """Return what a service's environment says about the servers."""
        addresses = {"RABBITMQ_URL": self._rabbitmq(name), "MONGODB_URL": self._mongodb(name)}
        if name in ("outbound", "fetching") and self.accounts:
            addresses |= self.accounts.sealing_key
        return addresses

    def of_console(self) -> dict[str, str]:
        """Return what the environment of the command line says about them."""
        addresses = self.of_service(OPERATOR)
        if self.management_url:
            addresses["RABBITMQ_MANAGEMENT_URL"] = self.management_url
        if self.accounts:
            addresses |= {"MONGODB_ADMIN_URL": self.mongodb_url, **self.accounts.variables}
        return addresses

    def _rabbitmq(self, owner: str) -> str:
        own = self.accounts and self.accounts.rabbitmq_url(owner, self.rabbitmq_url)
        return own or self.rabbitmq_url

    def _mongodb(self, owner: str) -> str:
        own = self.accounts and self.accounts.mongodb_url(owner, self.mongodb_url)
        return own or self.mongodb_url
