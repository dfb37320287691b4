"""The result of one SMTP transaction: how far it got, and the server's replies (RFC 5321)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from shared.domain.storable_text import storable

# A reply may be endless; its beginning says why.
_LONGEST_WORDS: Final = 1_000


class Phase(IntEnum):
    """The furthest step of a transaction. A mail can have been delivered only at `DOT`."""

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
        """Say whether the server has carried out the command (2xx)."""
        return self.code // 100 == 2  # noqa: PLR2004 - the first digit is the reply's class

    @property
    def is_permanent(self) -> bool:
        """Say whether repeating the command is useless (5xx)."""
        return self.code // 100 == 5  # noqa: PLR2004 - as above

    @property
    def is_refusal(self) -> bool:
        """Say whether the server has not carried out the command (4xx, 5xx)."""
        return self.code // 100 in (4, 5)

    @property
    def is_final(self) -> bool:
        """Say whether the reply ends a command: 2xx, 4xx or 5xx."""
        return self.is_positive or self.is_refusal


def reply_of(code: int, words: str) -> Reply:
    """Return a reply whose text is cut, and cleaned of characters that cannot be stored."""
    return Reply(code, storable(words, _LONGEST_WORDS))


@dataclass(frozen=True, slots=True)
class Transmission:
    """The end of a transaction.

    `recipients` holds the replies to RCPT. `reply` is the reply that ended it. Without one the
    connection was lost or too slow, and `fault` says so.
    """

    phase: Phase
    recipients: Mapping[str, Reply] = field(default_factory=dict)
    reply: Reply | None = None
    fault: str = ""

    @property
    def is_doubtful(self) -> bool:
        """Say whether the final dot was sent and got no final reply."""
        return self.phase is Phase.DOT and (self.reply is None or not self.reply.is_final)
