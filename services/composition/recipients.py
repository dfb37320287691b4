"""Who gets a reply: the one who wrote, never ourselves, and nobody who was not asked for."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from shared.domain.interaction import Address, Email

Owns = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Recipients:
    """The visible recipients of a reply."""

    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()


def reply_to(original: Email) -> tuple[Address, ...]:
    """Return all of Reply-To, else From (RFC 5322 section 3.6.2)."""
    if original.reply_to:
        return original.reply_to
    return (original.sender,) if original.sender else ()


def for_reply(original: Email, owns: Owns) -> Recipients:
    """Answer the one who wrote; a mail from ourselves is answered to those it went to."""
    to = without(reply_to(original), owns)
    return Recipients(to or without(original.to, owns) or reply_to(original))


def for_reply_all(original: Email, owns: Owns, *, includes_to: bool) -> Recipients:
    """Answer everybody: To as in a reply; in Cc the original's Cc and, if wanted, its other To."""
    to = for_reply(original, owns).to
    others = (*original.to, *original.cc) if includes_to else original.cc
    return Recipients(to, without(others, owns, also=to))


def without(
    addresses: Iterable[Address], owns: Owns, *, also: Sequence[Address] = ()
) -> tuple[Address, ...]:
    """Return the addresses in order, once each, without ours and without those in `also`."""
    seen = {one.address.lower() for one in also}
    kept = []
    for one in addresses:
        if one.address.lower() not in seen and not owns(one.address):
            seen.add(one.address.lower())
            kept.append(one)
    return tuple(kept)
