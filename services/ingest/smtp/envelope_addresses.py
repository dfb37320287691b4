"""Reads the address in a parameter of MAIL or RCPT."""

from functools import lru_cache
from typing import Final

from aiosmtpd.smtp import SMTP

_ADDRESSES_KEPT: Final = 1024
_LONGEST_ADDRESS: Final = 320

_ADDRESS_READER: Final = SMTP.__new__(SMTP)


@lru_cache(maxsize=_ADDRESSES_KEPT)
def address_and_rest(arg: str) -> tuple[str | None, str | None]:
    """Return the address that begins a parameter, and what follows it; None for a bad one.

    Relays name the same senders and mailboxes again and again, and the library reads slowly.
    """
    try:
        address, rest = _ADDRESS_READER._getaddr(arg)  # noqa: SLF001 - it has no other name
    except Exception:  # noqa: BLE001 - the library's parser fails in many ways
        return None, None
    return (address, rest) if address is None or _is_storable(address) else (None, None)


def _is_storable(address: str) -> bool:
    if len(address) > _LONGEST_ADDRESS or not address.isprintable():
        return False
    return not any("\ud800" <= one <= "\udfff" for one in address)
