"""Checks of OAuth logins and fetched mailboxes: what they need, and their stored state."""

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime

from services.console.exit_codes import Exit, NotPossibleError
from services.console.health import findings
from services.console.health.findings import Finding, Mark
from services.console.health.mailbox_findings import about_mailbox
from services.console.health.mailbox_passwords import unset_passwords
from services.console.settings import ConsoleSettings
from shared.contracts.contact_center import ContactCenter
from shared.contracts.oauth import OAuthLogin
from shared.domain.mailbox_health import Health
from shared.oauth.client_credentials import read_credentials
from shared.oauth.signing_key import BadCredentialsError
from shared.storage.database.client import Database
from shared.storage.mails.mailbox_store import MailboxStore
from shared.storage.sealing import BadSealingKeyError, Sealer
from shared.storage.token_store import TokenStore, login_id


def refuse_unusable_logins(
    center: ContactCenter, sealing_key: str, environment: Mapping[str, str] = os.environ
) -> None:
    """Refuse a description with a login in use that lacks a key or a secret.

    Raises:
        NotPossibleError: One line for each missing variable, without any value.
    """
    if not center.oauth_users:
        return
    problems = list(_problems(center, sealing_key, environment))
    if problems:
        raise NotPossibleError("\n".join(problems), Exit.MISCONFIGURED)


def _problems(
    center: ContactCenter, sealing_key: str, environment: Mapping[str, str]
) -> Iterator[str]:
    try:
        Sealer(sealing_key)
    except BadSealingKeyError as error:
        yield str(error)
    for login in dict.fromkeys(login for login, _ in _in_use(center)):
        try:
            read_credentials(login, environment)
        except BadCredentialsError as error:
            yield str(error)


def _in_use(center: ContactCenter) -> list[tuple[OAuthLogin, str]]:
    """Return the logins in use, each with each user who logs in by it."""
    found = [(center.oauth_login(name), user_name) for name, user_name in center.oauth_users]
    return [(login, user_name) for login, user_name in found if login]


async def examine_logins(
    database: Database, center: ContactCenter | None, settings: ConsoleSettings
) -> AsyncIterator[Finding]:
    """Yield a finding about each OAuth login in use.

    The login of the SMTP route is left out if the environment replaces the route.
    """
    if center is None:
        return
    if settings.smtp_host:
        center = center.model_copy(
            update={"smtp_route": center.smtp_route.replaced(settings.smtp_host, None, None)}
        )
    for login, user_name in _in_use(center):
        try:
            store = TokenStore(database, Sealer(settings.sealing_key.get_secret_value()))
        except BadSealingKeyError as error:
            yield findings.bad(
                f"login {login.name} cannot be checked", do=f"set what services have: {error}"
            )
            return
        state = await store.read(login_id(login.name, user_name))
        servers = [
            use.server
            for use in center.login_uses
            if (use.login, use.user_name) == (login.name, user_name)
        ]
        yield findings.about_login(login, user_name, state, servers)


async def examine_mailboxes(
    database: Database,
    center: ContactCenter | None,
    now: datetime,
    environment: Mapping[str, str] = os.environ,
) -> AsyncIterator[Finding]:
    """Yield a finding about each mailbox whose mail is fetched.

    A password that is not set here is told only while fetching has not shown that it has it.
    """
    if center is None:
        return
    unset = unset_passwords(center, environment)
    for mailbox in await MailboxStore(database).mailboxes(center):
        yield about_mailbox(mailbox, now)
        is_read = mailbox.last_look_at is not None and mailbox.health(now) is Health.WELL
        if mailbox.address in unset and not is_read:
            yield Finding(Mark.NOTE, unset[mailbox.address])
