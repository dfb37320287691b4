"""The recipients of a reply. Our own addresses are never among them, if any other is there."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from shared.domain.interaction import Address, Email

Owns = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Recipients:
    """The visible recipients of a reply."""

    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()


def reply_addresses(original: Email) -> tuple[Address, ...]:
    """Return all of Reply-To, else From (RFC 5322 section 3.6.2)."""
    if original.reply_to:
        return original.reply_to
    return (original.sender,) if original.sender else ()


def for_reply(original: Email, owns: Owns) -> Recipients:
    """Return the recipients of a reply: Reply-To or From, and the original's To if that is ours."""
    to = excluding(reply_addresses(original), owns)
    return Recipients(to or excluding(original.to, owns) or reply_addresses(original))


def for_reply_all(original: Email, owns: Owns, *, includes_to: bool) -> Recipients:
    """Return the recipients of a reply to all.

    To is that of a reply. Cc is the original's Cc and, with `includes_to`, its other To.
    """
    to = for_reply(original, owns).to
    others = (*original.to, *original.cc) if includes_to else original.cc
    return Recipients(to, excluding(others, owns, also=to))


def excluding(
    addresses: Iterable[Address], owns: Owns, *, also: Sequence[Address] = ()
) -> tuple[Address, ...]:
    """Return the addresses in their order, once each, without ours and those in `also`."""
    seen = {one.address.lower() for one in also}
    kept = []
    for one in addresses:
        if one.address.lower() not in seen and not owns(one.address):
            seen.add(one.address.lower())
            kept.append(one)
    return tuple(kept)
