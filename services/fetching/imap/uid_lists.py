"""Reads the answers to SEARCH. Pure.

A mailbox has millions of mails, and a server may answer with as many numbers as it likes. So UIDs
are kept as four octets each, where a list of `int` takes forty.
"""

from array import array
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

_PIECE: Final = 64 * 1024


def uids_in(answers: Sequence[bytes | None]) -> "array[int]":
    """Return the UIDs of all answers, ascending and each once.

    Raises:
        ValueError: Something else than a UID is among them, which has 32 bits (RFC 9051 section 9).
    """
    uids = array("I")
    try:
        for answer in answers:
            for piece in _pieces(answer or b""):
                uids.extend(map(int, piece.split()))
    except OverflowError:
        raise ValueError("a UID has more than 32 bits") from None
    if all(one < another for one, another in pairwise(uids)):
        return uids
    return array("I", sorted(set(uids)))


def _pieces(answer: bytes) -> Iterator[bytes]:
    """Yield the numbers in pieces, so that not all of them are objects at the same time."""
    numbers = len(answer.partition(b"(")[0])  # MODSEQ may follow (RFC 7162)
    begin = 0
    while begin < numbers:
        end = answer.find(b" ", begin + _PIECE, numbers)
        end = end if end >= 0 else numbers
        yield answer[begin:end]
        begin = end
