"""The sender in the SMTP envelope of a mail: the address to which reports on it go."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from shared.contracts.contact_center import ContactCenter
from shared.domain.deliveries.bounce_tokens import bounce_token, with_token
from shared.domain.deliveries.delivery import Delivery


@dataclass(frozen=True, slots=True)
class ReturnPath:
    """The sender of an envelope, and the token by which reports are recognised ("": none)."""

    address: str
    token: str = ""


class ReturnPaths:
    """Makes return paths from the contact center's mailboxes; without a `key` without tokens."""

    def __init__(
        self, contact_center: Callable[[], Awaitable[ContactCenter]], key: str = ""
    ) -> None:
        self._contact_center = contact_center
        self._key = key

    async def of(self, delivery: Delivery) -> ReturnPath:
        """Return the return path of a mail.

        Mail from an address that is no mailbox here keeps it: its reports go elsewhere. Automatic
        mail keeps the null sender: nothing may come back on it.

        Raises:
            Unavailable: The database does not answer.
        """
        if delivery.is_automatic:
            return ReturnPath("")
        bounces_to = (await self._contact_center()).bounce_address(delivery.sender)
        if not self._key:
            return ReturnPath(bounces_to or delivery.sender)
        token = bounce_token(self._key, delivery.id)
        address = with_token(bounces_to, token) if bounces_to else delivery.sender
        return ReturnPath(address, token)
