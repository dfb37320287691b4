"""Address headers (RFC 5322 section 3.4) as they are really written, in linear time."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from shared.domain.interaction import Address
from shared.mail.charsets import decode_raw
from shared.mail.encoded_words import decode_words, one_line
from shared.mail.limits import DEFAULT_LIMITS, refuse_above

_LEXEME: Final = re.compile(
    r"""
      (?P<word>=\?[^?\s]{1,60}\?[bBqQ]\?[^?]*+\?=)
    | (?P<quoted>"(?:[^"\\]|\\.)*+")
    | (?P<unclosed>"(?:[^"\\]|\\.)*+)
    | (?P<literal>\[[0-9A-Za-z:.]{1,80}\])
    | (?P<mark>[(),:;<>])
    | (?P<blank>\s++)
    | (?P<text>[^\s"(),:;<>=\[]++|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_LONGEST: Final = 320
_BRACKETS: Final = re.compile(r"[()]")
_QUOTED_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)
_INVISIBLE: Final = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_AROUND_AT: Final = re.compile(r" ?@ ?")


@dataclass(slots=True)
class _Mailbox:
    """What has been read of one mailbox so far."""

    words: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    angle: list[str] | None = None
    closed: bool = False
    has_at: bool = False

    @property
    def is_open(self) -> bool:
        return self.angle is not None and not self.closed


def parse_addresses(
    values: Iterable[bytes], *, charset: str = "", limit: int = DEFAULT_LIMITS.addresses
) -> tuple[Address, ...]:
    """Return the mailboxes of all these header values, groups dissolved, in order.

    A single word without an address (`MAILER-DAEMON`) is kept as the address, so that none is ever
    empty. `charset` is for raw 8-bit text that is not UTF-8.
    Raises `UnparsableMailError` when there are more mailboxes than `limit`.
    """
    found: list[Address] = []
    for value in values:
        found += _merge_split_names(map(_finish, _mailboxes(decode_raw(value, charset), limit)))
        refuse_above(limit, len(found), "addresses in a header")
    return tuple(found)


def _mailboxes(text: str, limit: int) -> list[_Mailbox]:
    lexemes = _lexemes(text)
    done: list[_Mailbox] = []
    current = _Mailbox()
    depth = 0
    for kind, lexeme in lexemes:
        if depth or (kind == "mark" and lexeme in "()"):
            depth = _comment(current, depth, kind, lexeme)
        elif kind == "mark" and _ends_mailbox(current, lexeme):
            if lexeme != ":":
                done.append(current)
            refuse_above(limit, len(done), "addresses in a header")
            current = _Mailbox()
        elif kind == "mark":
            _mark(current, lexeme)
        else:
            _text(current, kind, lexeme)
    return _mailboxes(_BRACKETS.sub(" ", text), limit) if depth else [*done, current]


def _lexemes(text: str) -> list[tuple[str, str]]:
    lexemes = [(found.lastgroup or "text", found[0]) for found in _LEXEME.finditer(text)]
    if lexemes and lexemes[-1][0] == "unclosed":
        # A quotation mark that is never closed would swallow the rest: then none of them quotes.
        return _lexemes(text.replace('"', " "))
    return lexemes


def _comment(current: _Mailbox, depth: int, kind: str, lexeme: str) -> int:
    if kind == "mark" and lexeme == "(":
        current.comments.append(" ")
        return depth + 1
    if kind == "mark" and lexeme == ")":
        return max(depth - 1, 0)
    current.comments.append(lexeme)
    return depth


def _ends_mailbox(current: _Mailbox, lexeme: str) -> bool:
    if lexeme == ":":
        # A group's name ends here and is dropped; inside <...> it belongs to a route.
        return not current.is_open and not current.has_at
    if lexeme == "," and current.is_open:
        first = next((piece for piece in current.angle or () if not piece.isspace()), "@")
        return not first.startswith("@")
    return lexeme in ",;"


def _mark(current: _Mailbox, lexeme: str) -> None:
    if lexeme == "<":
        current.angle, current.closed = [], False
    elif lexeme == ">":
        current.closed = True
    elif current.is_open and current.angle is not None:
        current.angle.append(lexeme)
    else:
        current.words.append(lexeme)


def _text(current: _Mailbox, kind: str, lexeme: str) -> None:
    if current.is_open and current.angle is not None:
        current.angle.append(lexeme)
    elif kind == "blank":
        current.words.append(" ")
    elif kind == "quoted":
        _add_word(current, _QUOTED_PAIR.sub(r"\1", lexeme[1:-1]))
    else:
        _add_word(current, lexeme)


def _add_word(current: _Mailbox, word: str) -> None:
    current.words.append(word)
    current.has_at = current.has_at or "@" in word


def _finish(read: _Mailbox) -> Address:
    words = "".join(read.words)
    if read.angle is None:
        return _bare(words, read) if "@" in words else Address("", _name(words))
    address = _address("".join(read.angle))
    if "@" in words and "@" not in address:
        return _bare(words, read)
    return Address(address, _name(words) or _name("".join(read.comments)))


def _bare(words: str, read: _Mailbox) -> Address:
    """Read `john@example.com (John)` and `John john@example.com`."""
    pieces = _AROUND_AT.sub("@", " ".join(words.split())).split(" ")
    last = max(n for n, piece in enumerate(pieces) if "@" in piece)
    personal = _name(" ".join((*pieces[:last], *pieces[last + 1 :])))
    return Address(_address(pieces[last]), personal or _name("".join(read.comments)))


def _address(text: str) -> str:
    route, colon, mailbox = text.strip().rpartition(":")
    if not (colon and (route.startswith("@") or route.lower() == "mailto")):
        mailbox = text
    address = _INVISIBLE.sub("", one_line(decode_words(mailbox)).replace(" ", "").strip("<>"))
    return address if len(address) <= _LONGEST else ""


def _name(text: str) -> str:
    return _INVISIBLE.sub("", one_line(decode_words(text))).strip("'\" ")


def _merge_split_names(mailboxes: Iterable[Address]) -> list[Address]:
    """Undo the split of `Doe, John <john@example.com>` at its unquoted comma."""
    out: list[Address] = []
    pending: list[str] = []
    for mailbox in mailboxes:
        if not mailbox.address:
            pending.append(mailbox.personal)
        elif len(pending) == 1 and pending[0] and mailbox.personal:
            out.append(Address(mailbox.address, f"{pending.pop()}, {mailbox.personal}"))
        else:
            out += (*_local_names(pending), mailbox)
            pending = []
    return [*out, *_local_names(pending)]


def _local_names(names: Iterable[str]) -> Iterator[Address]:
    """A single word may be a mailbox of the sender's own host; several are only words."""
    return (Address(name) for name in names if name and " " not in name)
