"""Words of a peer, made fit to be stored and shown. Pure."""

import re
from typing import Final

_HALF_CHARACTER: Final = re.compile(r"[\ud800-\udfff]")
_UNSHOWABLE: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+"  # controls and ends of lines
    r"|[\u200e\u200f\u202a-\u202e\u2066-\u2069]+"  # what turns the direction of what follows
)
_CUT: Final = "…"


def storable(words: str | bytes, longest: int) -> str:
    """Return words as one line of Unicode that the database takes, of at most `longest` characters.

    Octets that are not UTF-8 become replacement characters, also where a library has handed
    them on as surrogates.
    """
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    # What is cut off need not be searched.
    text = _HALF_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", text[: 2 * longest + 1])
    text = _UNSHOWABLE.sub(" ", text).strip()
    return text if len(text) <= longest else text[: longest - 1] + _CUT
