"""`mailroom authorize`: lets a person consent to a login as them (RFC 8628)."""

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta

from services.console.exit_codes import Exit, NotPossibleError
from services.console.settings import read_settings
from services.console.store import connected_database, contact_center_in_force
from shared.contracts.contact_center import ContactCenter
from shared.contracts.oauth import OAuthLogin
from shared.domain.clock import SystemClock
from shared.oauth.client_credentials import read_credentials
from shared.oauth.consenting_person import other_person
from shared.oauth.device_flow import Invitation, pause_after, read_invitation
from shared.oauth.signing_key import BadCredentialsError
from shared.oauth.token_client import EndpointUnavailableError, Post, ask, post
from shared.oauth.token_requests import TokenClient, for_consent, for_device
from shared.oauth.token_responses import Denied, Granted, HttpAnswer, TemporaryFailure
from shared.storage.sealing import BadSealingKeyError, Sealer
from shared.storage.token_store import TokenStore, login_id

Sleep = Callable[[float], Awaitable[object]]


async def authorize(
    name: str,
    user_name: str | None = None,
    send: Post = post,
    sleep: Sleep = asyncio.sleep,
    *,
    for_another: bool = False,
) -> None:
    """Print an address and a code, wait for the consent given there, and store it.

    With `for_another`, a person may agree whose address is not `user_name`.

    Raises:
        NotPossibleError: There is no such login, the consent was refused or not given in time, or
            the tokens name somebody else than the user.
    """
    settings, clock = read_settings(), SystemClock()
    async with connected_database(settings.mongodb_url) as database:
        center = await contact_center_in_force(database, clock)
        login, user_name = _wanted(center, name, user_name)
        try:
            store = TokenStore(database, Sealer(settings.sealing_key.get_secret_value()))
            credentials = read_credentials(login, os.environ)
        except (BadSealingKeyError, BadCredentialsError) as error:
            raise NotPossibleError(str(error), Exit.MISCONFIGURED) from None
        client = TokenClient(login, credentials, user_name, clock.now(), secrets.token_hex(16))
        invitation = await _invitation(send, client)
        print(invitation.words(user_name), flush=True)
        granted = await _consent(send, sleep, client, invitation)
        if (other := other_person(granted, user_name)) and not for_another:
            raise NotPossibleError(
                f"{other} has agreed, and not {user_name}, so nothing is kept: run it again and "
                f"log in there as {user_name} (in a private window), or say --for-another where "
                f"{other} may open that mailbox",
                Exit.NOT_FINE,
            )
        await store.write_consent(login_id(login.name, user_name), granted.refresh_token)
    print(f"login {name}: {user_name} has agreed, services use it within a minute")


def _wanted(
    center: ContactCenter | None, name: str, user_name: str | None
) -> tuple[OAuthLogin, str]:
    login = center.oauth_login(name) if center else None
    if center is None or login is None:
        raise NotPossibleError(
            f"there is no login {name!r} in force: describe it under `oauth` and run "
            "`mailroom apply FILE`",
            Exit.USAGE,
        )
    if login.kind != "device":
        raise NotPossibleError(
            f"login {name} is of the kind {login.kind}: it needs no consent", Exit.USAGE
        )
    users = [user for used, user in center.oauth_users if used == name]
    if user_name is not None and user_name not in users:
        raise NotPossibleError(f"{user_name} does not log in by {name}", Exit.USAGE)
    if user_name is None and len(users) != 1:
        which = f"name one of {', '.join(users)}" if users else "neither `smtp_route` nor a mailbox"
        raise NotPossibleError(
            f"{which} {'' if users else f'logs in by {name}: who agrees is unknown'}".strip(),
            Exit.USAGE,
        )
    return login, user_name or users[0]


async def _invitation(send: Post, client: TokenClient) -> Invitation:
    request = for_device(client)
    try:
        answer: HttpAnswer = await send(request)
    except EndpointUnavailableError as error:
        raise NotPossibleError(f"{error}: see device_url", Exit.UNAVAILABLE) from None
    found = read_invitation(answer, client.now, request.secrets)
    if isinstance(found, str):
        raise NotPossibleError(found, Exit.UNAVAILABLE)
    return found


async def _consent(
    send: Post, sleep: Sleep, client: TokenClient, invitation: Invitation
) -> Granted:
    waited, pause = timedelta(), invitation.interval
    while waited < invitation.lasts:
        await sleep(pause.total_seconds())
        waited += pause
        match await ask(send, for_consent(client, invitation.device_code), client):
            case Granted() as granted if granted.refresh_token:
                return granted
            case Granted():
                raise NotPossibleError(
                    "the token endpoint gives no refresh token: many give one only where `scope` "
                    "has offline_access",
                    Exit.NOT_FINE,
                )
            case Denied(code, words) if code != "authorization_pending":
                raise NotPossibleError(words, Exit.NOT_FINE)
            case Denied(code) | TemporaryFailure(_, _, code) as answer:
                server_pause = answer.pause if isinstance(answer, TemporaryFailure) else None
                pause = pause_after(pause, code, server_pause)
    raise NotPossibleError("nobody has agreed in time: run it again", Exit.NOT_FINE)
