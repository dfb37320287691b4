"""Text from a remote peer, made safe to store and to show. Pure."""

import re
from typing import Final

_HALF_CHARACTER: Final = re.compile(r"[\ud800-\udfff]")
_UNSHOWABLE: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+"  # controls and ends of lines
    r"|[\u200e\u200f\u202a-\u202e\u2066-\u2069]+"  # marks that change the direction of text
)
_CUT: Final = "…"


def storable(words: str | bytes, longest: int) -> str:
    """Return text as one line of valid Unicode with at most `longest` characters.

    Octets that are not UTF-8 become replacement characters, as do lone surrogates, which
    libraries make of such octets.
    """
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    # Only this much can be in the result, so the patterns need not search more.
    text = _HALF_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", text[: 2 * longest + 1])
    text = _UNSHOWABLE.sub(" ", text).strip()
    return text if len(text) <= longest else text[: longest - 1] + _CUT
