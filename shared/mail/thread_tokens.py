"""Tokens in the addresses to which our mails ask for their answers (RFC 5233).

A token is 80 random bits that only the recipients of one mail know. Who writes to that address has
this mail, whatever their mail program made of References, and whichever address they write from.
"""

import base64
import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice
from typing import Final

from shared.domain.deliveries.bounce_tokens import token_in, with_token
from shared.domain.interaction import Address

Owns = Callable[[str], bool]
"""Says whether an address, with or without a plus-tag, is one of ours."""

_OCTETS: Final = 10
_MOST: Final = 5
"""Tokens of one mail that are looked for: a stranger may write any number of them."""


def new_thread_token() -> str:
    """Return a token that nobody can guess."""
    return base64.b32encode(secrets.token_bytes(_OCTETS)).decode().lower()


def answer_address(sender: Address, token: str) -> Address | None:
    """Return the address for answers to a mail; None without a token, or where it has no room."""
    tagged = with_token(sender.address, token) if token else sender.address
    return None if tagged == sender.address else replace(sender, address=tagged)


def thread_tokens(addresses: Iterable[str], owns: Owns) -> tuple[str, ...]:
    """Return the first five tokens in addresses of ours, once each."""
    found = (token_in(one) for one in addresses if token_in(one) and owns(one))
    return tuple(islice(dict.fromkeys(found), _MOST))


def without_token(address: Address, owns: Owns) -> Address:
    """Return an address of ours without its token, for agents who may not read the thread."""
    if not token_in(address.address) or not owns(address.address):
        return address
    local, _, host = address.address.rpartition("@")
    return replace(address, address=f"{local.rpartition('+')[0]}@{host}")
