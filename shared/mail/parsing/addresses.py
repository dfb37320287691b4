"""Parses address headers (RFC 5322 section 3.4), also malformed ones, in linear time."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from shared.domain.interaction import Address
from shared.mail.limits import DEFAULT_LIMITS
from shared.mail.mime.encoded_words import WORD, decode_words, one_line, read_raw

_LEXEME: Final = re.compile(
    rf"""
      (?P<word>{WORD})
    | (?P<local>"(?:[^"\\]|\\.)*+"(?=@))
    | (?P<quoted>"(?:[^"\\]|\\.)*+")
    | (?P<unclosed>"(?:[^"\\]|\\.)*+)
    | (?P<literal>\[[0-9A-Za-z:.]{{1,80}}\])
    | (?P<mark>[(),:;<>])
    | (?P<blank>\s++)
    | (?P<text>[^\s"(),:;<>=\[]++|.)
    """,
    re.VERBOSE | re.DOTALL,
)
# Forms with only one meaning: `Ann <a@x.example>`, `"Doe, Ann" <a@x.example>`, `a@x.example` and
# `a@x.example (Ann)`, where Ann may be an encoded word without an odd character.
_SPEC: Final = r"[A-Za-z0-9._+=-]{1,64}+@[A-Za-z0-9.-]{1,190}+"
_PIECE: Final = (
    r"(?:[A-Za-z0-9._'+-]++|=\?[A-Za-z0-9-]{1,40}\?[bBqQ]\?[A-Za-z0-9+/=_.-]++\?=(?=[\ <)]))"
)
_WORDS: Final = rf"{_PIECE}(?:\ {_PIECE})*+"
_PLAIN: Final = re.compile(
    rf"""(?:
      (?: (?P<words>{_WORDS}) | "(?P<quoted>[A-Za-z0-9\ ._'+,&!/@-]++)" )?\ *+<(?P<angle>{_SPEC})>
    | (?P<bare>{_SPEC})(?:\ \((?P<comment>{_WORDS})\))?
    )\ *+(?:,\ *+|\Z)""",
    re.VERBOSE,
)
_LONGEST: Final = 320
_BRACKETS: Final = re.compile(r"[()]")
_QUOTED_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)
_KEPT_BLANK: Final = "\x01"
_INVISIBLE: Final = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_AROUND_AT: Final = re.compile(r" ?@ ?")
_WORD: Final = re.compile(WORD)
_NOBODY: Final = frozenset({"undisclosed-recipients", "unlisted-recipients"})
_MOST_PIECES: Final = 5
"""Pieces of a name that unquoted commas split. More of them are a list, not a name."""


@dataclass(slots=True)
class _Mailbox:
    """A mailbox while it is read; `words_before` is set at the end of its `<...>`."""

    words: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    angle: list[str] | None = None
    words_before: int | None = None
    has_at: bool = False
    is_encoded: bool = False

    @property
    def is_open(self) -> bool:
        return self.angle is not None and self.words_before is None

    @property
    def is_whole(self) -> bool:
        return self.words_before is not None and any("@" in one for one in self.angle or ())

    def take_rest(self) -> "_Mailbox":
        """Split off the words after `<...>` as a new mailbox, because a comma is missing."""
        rest = self.words[self.words_before :]
        del self.words[self.words_before :]
        return _Mailbox(rest, has_at=any("@" in word for word in rest))


@dataclass(frozen=True, slots=True)
class _Read:
    """A mailbox, or a piece of text between two commas.

    A piece may be the beginning of a name. A single word may be a local mailbox of the sender.
    """

    mailbox: Address
    is_piece: bool = False
    is_word: bool = False
    is_nameless: bool = False


def parse_addresses(
    values: Iterable[bytes], *, charset: str = "", limit: int = DEFAULT_LIMITS.addresses
) -> tuple[Address, ...]:
    """Return the mailboxes of all these header values in order, with groups expanded.

    A single word without an address (`MAILER-DAEMON`) becomes the address, so that no address is
    empty. `charset` is for raw 8-bit text that is not UTF-8. Only the first `limit` mailboxes are
    read.
    """
    found = parse_named(values, charset=charset, limit=limit)
    return tuple(mailbox for mailbox in found if mailbox.address)


def parse_named(
    values: Iterable[bytes], *, charset: str = "", limit: int = DEFAULT_LIMITS.addresses
) -> tuple[Address, ...]:
    """Return the mailboxes as `parse_addresses` does, and also names without an address."""
    found: list[Address] = []
    for value in values:
        found += _named_in(value, "" if value.isascii() else charset, limit - len(found))
        if len(found) >= limit:
            break
    return tuple(found[:limit])


# From is read for the sender, for a report and for an automatic answer.
@lru_cache(maxsize=16)
def _named_in(value: bytes, charset: str, limit: int) -> tuple[Address, ...]:
    text = read_raw(value, charset)
    if plain := _plain(text, limit):
        return plain
    return tuple(_merge_split_names(map(_finish, _mailboxes(text, limit))))


def _plain(text: str, limit: int) -> tuple[Address, ...]:
    """Return the mailboxes of a header in which all are plain, nothing for any other header.

    Nine of ten headers are so, and need no lexemes.
    """
    found: list[Address] = []
    position = 0
    while position < len(text) and len(found) < limit:
        one = _PLAIN.match(text, position)
        if one is None:
            return ()
        name = one["words"] or one["quoted"] or one["comment"]
        found.append(Address(one["angle"] or one["bare"], _name(name) if name else ""))
        position = one.end()
    return tuple(found)


def _mailboxes(text: str, limit: int) -> list[_Mailbox]:
    done: list[_Mailbox] = []
    current = _Mailbox()
    depth = 0
    for kind, lexeme in _lexemes(text):
        if depth or (kind == "mark" and lexeme in "()"):
            depth = _comment(current, depth, kind, lexeme)
        elif kind == "mark" and _ends_mailbox(current, lexeme):
            if lexeme != ":":
                done.append(current)
            if len(done) >= limit:
                return done
            current = _Mailbox()
        elif kind == "mark":
            if lexeme == "<" and current.is_whole:
                done.append(current)
                current = current.take_rest()
            _mark(current, lexeme)
        else:
            _text(current, kind, lexeme)
    return _mailboxes(_BRACKETS.sub(" ", text), limit) if depth else [*done, current]


def _lexemes(text: str) -> list[tuple[str, str]]:
    lexemes = [(found.lastgroup or "text", found[0]) for found in _LEXEME.finditer(text)]
    if lexemes and lexemes[-1][0] == "unclosed":
        # An unclosed quotation mark would include the rest, so no mark counts as a quote.
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
        # A colon ends the name of a group, which is dropped; inside <...> it belongs to a route.
        return not current.is_open and not current.has_at
    if lexeme == "," and current.is_open:
        first = next(iter(current.angle or ()), "@")
        return not first.startswith("@")
    return lexeme in ",;"


def _mark(current: _Mailbox, lexeme: str) -> None:
    if lexeme == "<":
        current.angle, current.words_before = [], None
    elif lexeme == ">":
        current.words_before = len(current.words)
    elif current.is_open and current.angle is not None:
        current.angle.append(lexeme)
    else:
        current.words.append(lexeme)


def _text(current: _Mailbox, kind: str, lexeme: str) -> None:
    if kind == "local":
        lexeme = lexeme.replace(" ", _KEPT_BLANK)
    if current.is_open and current.angle is not None:
        # A comma checks the first lexeme inside <...>, so blanks must not come first.
        if current.angle or kind != "blank":
            current.angle.append(lexeme)
    elif kind == "blank":
        current.words.append(" ")
    elif kind == "quoted":
        _add_word(current, _QUOTED_PAIR.sub(r"\1", lexeme[1:-1]))
    else:
        _add_word(current, lexeme)


def _add_word(current: _Mailbox, word: str) -> None:
    if "=?" in word:
        # Encoded text is a name and never an address, or it could fake one.
        current.is_encoded = True
        if "@" in word:
            word = _WORD.sub(lambda found: found[0].replace("@", "=40"), word)
    current.words.append(word)
    current.has_at = current.has_at or "@" in word


def _finish(read: _Mailbox) -> _Read:
    words = "".join(read.words)
    if read.angle is None:
        if "@" in words:
            return _Read(_bare(words, read))
        name = _name(words)
        is_word = bool(name) and " " not in name and not read.is_encoded
        return _Read(Address("", name), is_piece=True, is_word=is_word)
    address = _address("".join(read.angle))
    if "@" in words and "@" not in address:
        return _Read(_bare(words, read))
    name = _name(words) or _name("".join(read.comments))
    return _Read(Address(address, name), is_nameless=not name)


def _bare(words: str, read: _Mailbox) -> Address:
    """Parse `john@example.com (John)` and `John john@example.com`."""
    pieces = _AROUND_AT.sub("@", " ".join(words.split())).split(" ")
    last = max(n for n, piece in enumerate(pieces) if "@" in piece)
    personal = _name(" ".join((*pieces[:last], *pieces[last + 1 :])))
    return Address(_address(pieces[last]), personal or _name("".join(read.comments)))


def _address(text: str) -> str:
    route, colon, mailbox = text.strip().rpartition(":")
    if not (colon and (route.startswith("@") or route.lower() == "mailto")):
        mailbox = text
    address = _visible(one_line("".join(mailbox.split())).strip("<>"))
    return address if len(address) <= _LONGEST else ""


def _name(text: str) -> str:
    return _visible(one_line(decode_words(text))).strip("'\" ")


def _visible(text: str) -> str:
    return text if text.isascii() else _INVISIBLE.sub("", text)


def _merge_split_names(several: Iterable[_Read]) -> Iterator[Address]:
    """Join names that unquoted commas split, as in `Doe, John <john@example.com>`."""
    pieces: list[_Read] = []
    for one in several:
        if one.is_piece:
            pieces.append(one)
            continue
        if not pieces:
            yield one.mailbox
            continue
        names = [piece.mailbox.personal for piece in pieces]
        if one.mailbox.personal:
            names.append(one.mailbox.personal)
        elif not one.is_nameless or all(piece.is_word for piece in pieces):
            # Single words before an address without a name are local mailboxes.
            names = []
        if len(pieces) < _MOST_PIECES and names and all(names):
            yield Address(one.mailbox.address, ", ".join(names))
        else:
            yield from _names(pieces)
            yield one.mailbox
        pieces = []
    yield from _names(pieces)


def _names(pieces: Iterable[_Read]) -> Iterator[Address]:
    """Yield names without an address; a single word becomes the address of a local mailbox."""
    for piece in pieces:
        name = piece.mailbox.personal
        if piece.is_word and name.lower() not in _NOBODY:
            yield Address(name)
        elif name:
            yield Address("", name)
