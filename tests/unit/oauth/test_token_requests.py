"""Requests to a token endpoint."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import RSAKey

from shared.oauth.client_credentials import read_credentials
from shared.oauth.signing_key import BadCredentialsError
from shared.oauth.token_client import ask, obtain_token
from shared.oauth.token_requests import TokenRequest, for_consent, for_device, for_token
from shared.oauth.token_responses import HttpAnswer
from tests.unit.oauth.logins import (
    NOW,
    account,
    asker,
    certificate,
    client,
    curve_key,
    device,
    environment,
    private_key,
    with_key,
)

GRANTED = HttpAnswer(200, {}, b'{"access_token": "token-1", "expires_in": 3600}')
TEN_MINUTES = timedelta(minutes=10)


def claims(assertion: str) -> dict[str, object]:
    return jwt.decode(assertion, RSAKey.import_key(private_key())).claims


def header(assertion: str, algorithm: str) -> dict[str, object]:
    key = RSAKey.import_key(private_key())
    return jwt.decode(assertion, key, algorithms=[algorithm]).header


def test_a_client_shows_its_secret() -> None:
    request = for_token(asker(client()))

    assert dict(request.form) == {
        "grant_type": "client_credentials",
        "scope": "https://mail.example/.default",
        "client_id": "client-1",
        "client_secret": "a very secret secret",
    }


def test_a_client_with_a_key_signs_who_it_is() -> None:
    form = for_token(asker(with_key())).form

    assert form["client_assertion_type"].endswith(":jwt-bearer")
    assert claims(form["client_assertion"]) == {
        "iss": "client-1",
        "sub": "client-1",
        "aud": "https://id.example/token",
        "jti": "number-1",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 300,
    }
    assert "client_secret" not in form


def test_a_certificate_beside_the_key_is_named_by_its_digest() -> None:
    given = environment() | {"M365_KEY": private_key() + certificate()}
    who = replace(asker(with_key()), credentials=read_credentials(with_key(), given))

    told = header(for_token(who).form["client_assertion"], "PS256")

    assert len(str(told["x5t#S256"])) == 43


def test_a_service_account_asks_for_the_mailbox() -> None:
    form = for_token(asker(account())).form

    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    asked = claims(form["assertion"])
    assert (asked["iss"], asked["sub"]) == ("mailer@project.example", "desk@demo.example")
    assert asked["scope"] == "https://mail.google.com/"
    assert header(form["assertion"], "RS256")["kid"] == "key-7"


def test_a_device_asks_by_code_and_then_by_refresh_token() -> None:
    who = asker(device())

    assert for_device(who).url == "https://id.example/device"
    assert for_consent(who, "code-1").form["device_code"] == "code-1"
    assert dict(for_token(who, "refresh-1").form) == {
        "grant_type": "refresh_token",
        "refresh_token": "refresh-1",
        "client_id": "client-1",
    }


@pytest.mark.parametrize("login", [client(), with_key(), account(), device()])
def test_no_secret_is_in_a_representation(login: object) -> None:
    who = asker(login)  # type: ignore[arg-type]
    shown = repr((who, for_token(who, "refresh-1"), for_consent(who, "code-1")))

    for secret in ("a very secret secret", "PRIVATE KEY", "refresh-1", "code-1", "eyJ"):
        assert secret not in shown


@pytest.mark.parametrize(
    ("login", "variables", "words"),
    [
        (client(), {}, "set M365_SECRET in the environment"),
        (client(), {"M365_SECRET": "x" * 70_000}, "M365_SECRET is too long"),
        (with_key(), {"M365_KEY": "no key"}, "M365_KEY holds no private key"),
        (with_key(), {"M365_KEY": curve_key(ec.SECP384R1())}, "M365_KEY has to be RSA"),
        (
            with_key(),
            {"M365_KEY": private_key() + "-----BEGIN CERTIFICATE-----\n"},
            "M365_KEY holds a malformed certificate",
        ),
        (account(), {"GOOGLE_KEY": "[" * 40_000}, "GOOGLE_KEY is no service account's key"),
        (account(), {"GOOGLE_KEY": '{"client_email": 7}'}, "GOOGLE_KEY is no service account's"),
    ],
)
def test_malformed_secret_is_named_by_its_variable(
    login: object, variables: dict[str, str], words: str
) -> None:
    with pytest.raises(BadCredentialsError, match=words) as caught:
        read_credentials(login, variables)  # type: ignore[arg-type]

    assert not any(value in str(caught.value) for value in variables.values())


def test_a_key_may_be_a_curve_or_one_line() -> None:
    curve = read_credentials(with_key(), {"M365_KEY": curve_key(ec.SECP256R1())})
    line = read_credentials(with_key(), {"M365_KEY": private_key().replace("\n", "\\n")})

    assert curve.key
    assert curve.key.header["alg"] == "ES256"
    assert line.key
    assert line.key.header["alg"] == "RS256"


class Endpoint:
    """Refuses assertions that are not of its own time."""

    def __init__(self, ahead: timedelta) -> None:
        self.clock = NOW + ahead
        self.asked = 0

    async def post(self, request: TokenRequest) -> HttpAnswer:
        self.asked += 1
        issued = claims(request.form["assertion"])["iat"]
        if abs(int(str(issued)) - self.clock.timestamp()) < 60:
            return GRANTED
        told = f"{self.clock:%a, %d %b %Y %H:%M:%S GMT}"
        return HttpAnswer(400, {"date": told}, b'{"error": "invalid_grant"}')


@pytest.mark.parametrize("ahead", [TEN_MINUTES, -TEN_MINUTES])
async def test_a_clock_ten_minutes_off_is_corrected_once(ahead: timedelta) -> None:
    endpoint = Endpoint(ahead)

    outcome = await obtain_token(endpoint.post, asker(account()))

    assert type(outcome).__name__ == "Granted"
    assert endpoint.asked == 2


async def test_a_clock_days_off_is_not_believed() -> None:
    endpoint = Endpoint(timedelta(days=3))

    outcome = await obtain_token(endpoint.post, asker(account()))

    assert type(outcome).__name__ == "Denied"
    assert endpoint.asked == 1


async def test_client_without_a_signature_asks_once() -> None:
    asked = []

    async def refuse(request: TokenRequest) -> HttpAnswer:
        asked.append(request)
        told = f"{NOW + TEN_MINUTES:%a, %d %b %Y %H:%M:%S GMT}"
        return HttpAnswer(401, {"date": told}, b'{"error": "invalid_client"}')

    who = asker(client())
    await obtain_token(refuse, who)
    await ask(refuse, for_token(who), who)

    assert len(asked) == 2
