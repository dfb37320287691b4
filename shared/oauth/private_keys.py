"""Reads private keys of clients and service accounts; imported where a login has one.

No error contains a value.
"""

import json
from base64 import urlsafe_b64encode
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

from shared.oauth.signing_key import BadCredentialsError, SigningKey

# RFC 7518, 3.3.
_SMALLEST_RSA_BITS: Final = 2048


def key_of_client(client_id: str, pem: str, variable: str) -> SigningKey:
    """Return the key of a client from PEM, perhaps with its certificate.

    Raises:
        BadCredentialsError: It is none, or too small; the message names the variable.
    """
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


def key_of_account(text: str, variable: str) -> SigningKey:
    """Return the key of a service account from its file in JSON.

    Raises:
        BadCredentialsError: It is none, or too small; the message names the variable.
    """
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
