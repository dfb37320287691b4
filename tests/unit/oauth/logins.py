"""OAuth logins and keys for tests."""

import json
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from shared.contracts.oauth import OAuthLogin
from shared.oauth.client_credentials import read_credentials
from shared.oauth.token_requests import TokenClient

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TOKEN_URL = "https://id.example/token"


def client(**changes: object) -> OAuthLogin:
    """Return a login by a client's secret, with some fields different."""
    fields: dict[str, object] = {
        "name": "microsoft",
        "kind": "client-credentials",
        "token_url": TOKEN_URL,
        "client_id": "client-1",
        "client_secret_variable": "M365_SECRET",
        "scope": "https://mail.example/.default",
    }
    return OAuthLogin.model_validate(fields | changes)


def with_key() -> OAuthLogin:
    return client(client_secret_variable="", client_key_variable="M365_KEY")


def account() -> OAuthLogin:
    """Return a login by a service account."""
    return OAuthLogin(
        name="google",
        kind="service-account",
        token_url=TOKEN_URL,
        key_variable="GOOGLE_KEY",
        scope="https://mail.google.com/",
    )


def device(token_url: str = TOKEN_URL) -> OAuthLogin:
    """Return a login that a person has to agree to."""
    return OAuthLogin(
        name="fastmail",
        kind="device",
        token_url=token_url,
        device_url=token_url.replace("token", "device"),
        client_id="client-1",
    )


def asker(login: OAuthLogin) -> TokenClient:
    credentials = read_credentials(login, environment())
    return TokenClient(login, credentials, "desk@demo.example", NOW, "number-1")


def environment() -> dict[str, str]:
    return {
        "M365_SECRET": "a very secret secret",
        "M365_KEY": private_key(),
        "GOOGLE_KEY": json.dumps(
            {
                "type": "service_account",
                "client_email": "mailer@project.example",
                "private_key": private_key(),
                "private_key_id": "key-7",
            }
        ),
    }


@cache
def private_key() -> str:
    return _pem(_rsa())


@cache
def _rsa() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def curve_key(curve: ec.EllipticCurve) -> str:
    return _pem(ec.generate_private_key(curve))


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def certificate() -> str:
    """Return a certificate of the private key."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mailroom")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(_rsa().public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=7))
        .sign(_rsa(), SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()
