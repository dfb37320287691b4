"""Signs addresses of attachments, so that the frame of a mail loads them without a login."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from services.gateway.cluster.day_key_store import DayKeyStore
from shared.domain.clock import Clock

LIFETIME: Final = timedelta(minutes=10)
_LATEST: Final = 253_370_764_800  # The year 9999: later moments are no datetime.
_SIGNATURE: Final = re.compile(r"([0-9]{1,12})\.([A-Za-z0-9_-]{43})")


class AttachmentLinks:
    """Signs for ten minutes, and checks what any pod has signed.

    A signature is for one attachment of one interaction. It does not say who asked for it, and it
    stays valid until its end when the mail gets another owner.
    """

    def __init__(self, keys: DayKeyStore, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    async def sign(self, interaction_id: str, attachment_ids: Iterable[str]) -> Mapping[str, str]:
        """Return the `key` of the address of each attachment.

        Raises:
            Unavailable: The database does not answer.
        """
        until = int((self._clock.now() + LIFETIME).timestamp())
        secret = await self._keys.get_or_create(_moment(until).date())
        return {one: _signed(secret, interaction_id, one, until) for one in attachment_ids}

    async def is_valid(self, key: str, interaction_id: str, attachment_id: str) -> bool:
        """Say whether a `key` opens an attachment now.

        Raises:
            Unavailable: The database does not answer.
        """
        parts = _SIGNATURE.fullmatch(key)
        now = self._clock.now()
        # No later moment was ever signed, and a stranger must not choose which keys are looked for.
        until = int(parts[1]) if parts else 0
        if until >= _LATEST or not now < _moment(until) <= now + LIFETIME:
            return False
        secret = await self._keys.find(_moment(until).date())
        if secret is None:
            return False
        expected = _signed(secret, interaction_id, attachment_id, until)
        return hmac.compare_digest(key.encode(), expected.encode())


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _signed(secret: bytes, interaction_id: str, attachment_id: str, until: int) -> str:
    text = f"attachment\0{interaction_id}\0{attachment_id}\0{until}"
    digest = hmac.digest(secret, text.encode(errors="surrogatepass"), hashlib.sha256)
    return f"{until}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"
