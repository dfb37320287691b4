"""Encrypts secrets at rest with AES-256-GCM. The key is never in the database."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    pass


VARIABLE: Final = "MAILROOM_SEALING_KEY"
# AES-256-GCM: a key of 32 octets, a nonce of 12 (NIST SP 800-38D).
_BYTES: Final = 32
_NONCE: Final = 12
# The present key, and the one before it while it is being changed.
_KEYS: Final = 2
_SEALED: Final = re.compile(r"1\.([0-9a-f]{8})\.([A-Za-z0-9_=-]+)")
_MAKE_ONE: Final = "`openssl rand -base64 32` makes one"


class BadSealingKeyError(ValueError):
    """The key is missing or malformed; the message never contains it."""


class BrokenSealError(Exception):
    """A sealed text cannot be opened: unknown key, changed text, or another `about`."""


class Sealer:
    """Seals with the newest key, and opens with either key.

    Each text is bound to its `about`, so that a text copied to another field does not open.
    """

    def __init__(self, text: str) -> None:
        """Take `NEW`, or while keys are changed `NEW,OLD`, each of them 32 bytes in Base64.

        Raises:
            BadSealingKeyError: It has another form.
        """
        # A service without a key starts without the library.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        keys = [_key(one) for one in text.split(",")] if text.strip() else []
        if not 1 <= len(keys) <= _KEYS:
            raise BadSealingKeyError(
                f"{VARIABLE} is {'not set' if not keys else 'more than two keys'}: it is a key of "
                f"32 bytes in Base64, or two with a comma, the new one first. {_MAKE_ONE}"
            )
        self._newest = keys[0]
        self._ciphers: Mapping[str, AESGCM] = {_id(key): AESGCM(key) for key in keys}

    def seal(self, text: str, about: str) -> str:
        """Return the text in encrypted form: version, key id and Base64."""
        nonce = secrets.token_bytes(_NONCE)
        key_id = _id(self._newest)
        sealed = nonce + self._ciphers[key_id].encrypt(nonce, text.encode(), about.encode())
        return f"1.{key_id}.{base64.urlsafe_b64encode(sealed).decode()}"

    def open(self, sealed: str, about: str) -> str:
        """Return the text that was sealed.

        Raises:
            BrokenSealError: It cannot be opened.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as above

        parts = _SEALED.fullmatch(sealed)
        cipher = self._ciphers.get(parts[1]) if parts else None
        if parts is None or cipher is None:
            raise BrokenSealError("sealed under a key that is not known here")
        try:
            octets = base64.b64decode(parts[2], altchars=b"-_", validate=True)
            return cipher.decrypt(octets[:_NONCE], octets[_NONCE:], about.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise BrokenSealError("changed after it was sealed") from error

    def digest(self, text: str) -> str:
        """Return a keyed digest (HMAC-SHA-256) that shows whether a secret has changed."""
        return hmac.new(self._newest, text.encode(), hashlib.sha256).hexdigest()


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise BadSealingKeyError(f"{VARIABLE} is not Base64: {_MAKE_ONE}") from None
    if len(key) != _BYTES:
        raise BadSealingKeyError(
            f"{VARIABLE} has a key of {len(key)} bytes where 32 are needed: {_MAKE_ONE}"
        )
    return key


def _id(key: bytes) -> str:
    return hashlib.sha256(b"mailroom sealing key" + key).hexdigest()[:8]
