"""Limits for parsing one mail, and the error for a mail that exceeds them."""

from dataclasses import dataclass
from typing import Final


class UnparsableMailError(Exception):
    """The mail exceeds a limit: keep its octets and show it as one attachment."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds for one mail; real mail stays far below each of them.

    A text above `shown_characters` is cut, and HTML above it is left out. Headers with more octets,
    addresses or encoded words are cut. Above the other bounds a mail is unparsable.
    """

    raw_octets: int = 50 * 1024 * 1024
    header_octets: int = 256 * 1024
    parts: int = 1_000
    depth: int = 50
    addresses: int = 2_000
    encoded_words: int = 100
    html_characters: int = 5_000_000
    html_depth: int = 500
    shown_characters: int = 1_000_000


DEFAULT_LIMITS: Final = Limits()


def refuse_above(limit: int, found: int, what: str) -> None:
    """Raise `UnparsableMailError` if `found` exceeds `limit`; `what` names the counted things."""
    if found > limit:
        raise UnparsableMailError(f"more than {limit} {what}")
