"""What one SMTP transaction came to: how far it got, and what the server said (RFC 5321)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from shared.domain.storable_text import storable

_LONGEST_WORDS: Final = 1_000


class Phase(IntEnum):
    """The furthest point of a transaction; only what is past the dot can have been taken."""

    CONNECT = 1
    MAIL = 2
    RCPT = 3
    DATA = 4
    BODY = 5
    DOT = 6


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply of RFC 5321 section 4.2."""

    code: int
    text: str = ""

    @property
    def is_positive(self) -> bool:
        """Say whether the server has done what it was asked."""
        return self.code // 100 == 2  # noqa: PLR2004 - the first digit is the reply's class

    @property
    def is_permanent(self) -> bool:
        """Say whether asking again is no use."""
        return self.code // 100 == 5  # noqa: PLR2004 - as above

    @property
    def is_final(self) -> bool:
        """Say whether it answers at all: yes, later or no."""
        return self.code // 100 in (2, 4, 5)


def reply_of(code: int, words: str) -> Reply:
    """Return what a server said, with words that can be stored whatever they are."""
    return Reply(code, storable(words, _LONGEST_WORDS))


@dataclass(frozen=True, slots=True)
class Transmission:
    """Where a transaction ended.

    `recipients` holds the answers to RCPT. `reply` is the answer that ended it; where there is
    none, the connection was lost or too slow, and `fault` says so in plain words.
    """

    phase: Phase
    recipients: Mapping[str, Reply] = field(default_factory=dict)
    reply: Reply | None = None
    fault: str = ""

    @property
    def is_doubtful(self) -> bool:
        """Say whether the dot was sent and its answer never came."""
        return self.phase is Phase.DOT and (self.reply is None or not self.reply.is_final)
