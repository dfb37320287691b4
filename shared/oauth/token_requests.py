"""Requests to a token endpoint, and their signatures. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from shared.contracts.oauth import OAuthLogin
from shared.oauth.client_credentials import Credentials
from shared.oauth.signing_key import SigningKey

# Seconds. Long enough for clocks that differ, and short where an assertion leaks.
_ASSERTION_LASTS: Final = 300
_BEARER_ASSERTION: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_CLIENT_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_DEVICE_CODE: Final = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A form for an endpoint. `secrets` must not appear in logs or errors.

    `basic` has the user name and the password of HTTP Basic, where the client is known by them.
    """

    url: str
    form: Mapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    basic: tuple[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class TokenClient:
    """The client of a token endpoint: its login, its mailbox, and the time to sign with."""

    login: OAuthLogin
    credentials: Credentials
    user_name: str
    now: datetime
    number: str
    """The id of an assertion (`jti`); each is used once."""

    @property
    def signs(self) -> bool:
        """Say whether requests are signed, so that the endpoint checks their time."""
        return self.credentials.key is not None


def for_token(asker: TokenClient, refresh_token: str = "") -> TokenRequest:
    """Return the request for an access token; `refresh_token` is that of a person's consent."""
    login, key = asker.login, asker.credentials.key
    if login.kind == "service-account" and key:
        assertion = _assertion(asker, key, sub=asker.user_name, scope=login.scope)
        return _request(
            login.token_url,
            {"grant_type": _BEARER_ASSERTION, "assertion": assertion},
            secrets=(assertion,),
        )
    grant = {"grant_type": "client_credentials"}
    if login.kind == "device":
        grant = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return _of_client(asker, login.token_url, {**grant, "scope": login.scope}, refresh_token)


def for_device(asker: TokenClient) -> TokenRequest:
    """Return the device authorization request (RFC 8628 section 3.1)."""
    url = asker.login.device_url or ""
    return _of_client(asker, url, {"scope": asker.login.scope})


def for_consent(asker: TokenClient, device_code: str) -> TokenRequest:
    """Return the request that polls for the person's consent (RFC 8628 section 3.4)."""
    form = {"grant_type": _DEVICE_CODE, "device_code": device_code}
    return _of_client(asker, asker.login.token_url, form, device_code)


def _of_client(
    asker: TokenClient, url: str, form: Mapping[str, str], *secrets: str
) -> TokenRequest:
    client, credentials = {"client_id": asker.login.client_id}, asker.credentials
    if credentials.key:
        assertion = _assertion(asker, credentials.key, sub=credentials.key.issuer)
        client |= {"client_assertion_type": _CLIENT_ASSERTION, "client_assertion": assertion}
        secrets = (*secrets, assertion)
    elif credentials.secret:
        client["client_secret"] = credentials.secret
        secrets = (*secrets, credentials.secret)
    return _request(url, {**form, **client}, secrets)


def _request(url: str, form: Mapping[str, str], secrets: tuple[str, ...]) -> TokenRequest:
    filled = {name: value for name, value in form.items() if value}
    return TokenRequest(url, filled, tuple(one for one in secrets if one))


def _assertion(asker: TokenClient, key: SigningKey, **more: str) -> str:
    from joserfc import jwt  # noqa: PLC0415 - few logins have a key, and all services a start

    issued = int(asker.now.timestamp())
    claims = {
        "iss": key.issuer,
        "aud": asker.login.token_url,
        "jti": asker.number,
        "iat": issued,
        "exp": issued + _ASSERTION_LASTS,
        **{name: value for name, value in more.items() if value},
    }
    return jwt.encode(dict(key.header), claims, key.key, algorithms=[key.header["alg"]])
