"""Client credentials for a token endpoint: secrets and keys from the environment.

No error and no `repr` contains a value.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from joserfc.jwk import ECKey, RSAKey

from shared.contracts.oauth import OAuthLogin

# RFC 7518, 3.3.
_SMALLEST_RSA_BITS: Final = 2048
# Octets of a key file. The largest keys have some kilobytes.
_LARGEST: Final = 64 * 1024


class BadCredentialsError(ValueError):
    """A secret is missing or malformed; the message names the variable."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, the issuer who signs with it, and the header of its signatures."""

    issuer: str
    header: Mapping[str, str]
    key: RSAKey | ECKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A client's secret, or its key, or neither.

    `proof` joins all secret values; a digest of it shows that one of them has changed.
    """

    secret: str = field(default="", repr=False)
    key: SigningKey | None = None
    proof: str = field(default="", repr=False)


def read_credentials(login: OAuthLogin, environment: Mapping[str, str]) -> Credentials:
    """Return the credentials of a login.

    Raises:
        BadCredentialsError: A variable is not set, or holds no usable key.
    """
    if missing := [name for name in login.variables if not environment.get(name)]:
        raise BadCredentialsError(
            f"login {login.name}: set {', '.join(missing)} in the environment, that of outbound too"
        )
    values = [environment[name] for name in login.variables]
    if any(len(value) > _LARGEST for value in values):
        raise BadCredentialsError(f"login {login.name}: {login.variables[0]} is too long")
    key = None
    if login.client_key_variable:
        pem = environment[login.client_key_variable]
        key = _key_of_client(login.client_id, pem, login.client_key_variable)
    elif login.key_variable:
        key = _key_of_account(environment[login.key_variable], login.key_variable)
    secret = environment.get(login.client_secret_variable, "")
    return Credentials(secret, key, proof="\0".join(values))


def _key_of_client(client_id: str, pem: str, variable: str) -> SigningKey:
    pem = _with_lines(pem)
    key, algorithm = _private_key(pem, variable)
    if "BEGIN CERTIFICATE" not in pem:
        return SigningKey(client_id, {"alg": algorithm}, key)
    try:
        digest = x509.load_pem_x509_certificate(pem.encode()).fingerprint(SHA256())
    except ValueError:
        raise BadCredentialsError(f"{variable} holds a malformed certificate") from None
    # Microsoft identifies keys by the certificate, and requires PSS with this digest.
    thumbprint = urlsafe_b64encode(digest).rstrip(b"=").decode()
    algorithm = "PS256" if algorithm == "RS256" else algorithm
    return SigningKey(client_id, {"alg": algorithm, "x5t#S256": thumbprint}, key)


def _key_of_account(text: str, variable: str) -> SigningKey:
    try:
        account = json.loads(text)
    except (ValueError, RecursionError):
        account = None
    fields = account if isinstance(account, dict) else {}
    issuer, pem, key_id = (
        fields.get(name) for name in ("client_email", "private_key", "private_key_id")
    )
    if not (isinstance(issuer, str) and isinstance(pem, str) and issuer and pem):
        raise BadCredentialsError(
            f"{variable} is no service account's key: it is JSON with client_email and private_key"
        )
    key, algorithm = _private_key(_with_lines(pem), variable)
    header = {"alg": algorithm}
    if isinstance(key_id, str) and key_id:
        header["kid"] = key_id
    return SigningKey(issuer, header, key)


def _private_key(pem: str, variable: str) -> tuple[RSAKey | ECKey, str]:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadCredentialsError(
            f"{variable} holds no private key in PEM without a password"
        ) from None
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    if isinstance(key, RSAPrivateKey) and key.key_size >= _SMALLEST_RSA_BITS:
        return RSAKey.import_key(private), "RS256"
    if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
        return ECKey.import_key(private), "ES256"
    raise BadCredentialsError(f"{variable} has to be RSA of 2048 bits at least, or EC P-256")


def _with_lines(pem: str) -> str:
    # Files of environment variables have one line a variable, with `\n` for line breaks.
    return pem if "\n" in pem else pem.replace("\\n", "\n")
