"""Reads the words of a search, and writes them as the database understands them. Pure."""

import re
from typing import Final

from services.gateway.errors import RequestError, Situation

LONGEST: Final = 200
"""Characters of a search."""
# Each word is one more list of keys that the database intersects.
MOST_WORDS: Final = 10
_SIGNS_AROUND: Final = re.compile(r"^[\W_]+|[\W_]+$")


def text_search(asked: str) -> str:
    """Return the text search that finds what has all of these words, however they are written.

    Each word becomes a phrase: so an address is one word, and what has only some of the words is
    not found. Signs around a word do not count; a hyphen before it excludes nothing.

    Raises:
        RequestError: There is no word, or too much.
    """
    if len(asked) > LONGEST:
        raise RequestError(Situation.VALUE_REFUSED, f"q has at most {LONGEST} characters")
    words = [plain for word in asked.split() if (plain := _plain(word))]
    if not words:
        raise RequestError(Situation.VALUE_REFUSED, "q needs a word: letters or digits")
    if len(words) > MOST_WORDS:
        raise RequestError(Situation.VALUE_REFUSED, f"q has at most {MOST_WORDS} words")
    return " ".join(f'"{word}"' for word in words)


def _plain(word: str) -> str:
    """Return a word without the signs around it, and without those that end or escape a phrase."""
    inner = word.replace('"', "").replace("\\", "").replace("\0", "")
    return _SIGNS_AROUND.sub("", inner)
