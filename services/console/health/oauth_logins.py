"""Checks of the SMTP route's OAuth login: its key and secrets, and its stored state."""

import os
from collections.abc import AsyncIterator, Iterator, Mapping

from services.console.exit_codes import Exit, NotPossibleError
from services.console.health import findings
from services.console.health.findings import Finding
from services.console.settings import ConsoleSettings
from shared.contracts.contact_center import ContactCenter
from shared.contracts.oauth import OAuthLogin
from shared.oauth.client_credentials import BadCredentialsError, read_credentials
from shared.storage.database.client import Database
from shared.storage.sealing import BadSealingKeyError, Sealer
from shared.storage.token_store import TokenStore, login_id


def refuse_unusable_logins(
    center: ContactCenter, sealing_key: str, environment: Mapping[str, str] = os.environ
) -> None:
    """Refuse a description whose login lacks a key or a secret.

    Raises:
        NotPossibleError: One line for each missing variable, without any value.
    """
    if center.smtp_route.login is None:
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
    login = login_in_use(center)
    try:
        if login:
            read_credentials(login, environment)
    except BadCredentialsError as error:
        yield str(error)


def login_in_use(center: ContactCenter) -> OAuthLogin | None:
    """Return the login of the SMTP route, if it has one."""
    return center.oauth_login(center.smtp_route.login.oauth) if center.smtp_route.login else None


async def examine_login(
    database: Database, center: ContactCenter | None, settings: ConsoleSettings
) -> AsyncIterator[Finding]:
    """Yield the finding about the login of the SMTP route.

    None if the route has no OAuth login, or the environment replaces the route.
    """
    login = login_in_use(center) if center else None
    if center is None or login is None or settings.smtp_host:
        return
    user_name = center.smtp_route.user_name
    try:
        store = TokenStore(database, Sealer(settings.sealing_key.get_secret_value()))
    except BadSealingKeyError as error:
        yield findings.bad(
            f"login {login.name} cannot be checked", do=f"set what outbound has: {error}"
        )
        return
    state = await store.read(login_id(login.name, user_name))
    yield findings.about_login(login, user_name, state)
