"""Reads Authentication-Results (RFC 8601 section 2.2)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shared.mail.parsed_mail import AuthenticationField

_LONGEST: Final = 4_000
_MOST_RESULTS: Final = 50
_TOKENS: Final = re.compile(r"""\s++|"((?:[^"\\]|\\.)*+)"|([();=])|([^\s();="]++)|.""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class MethodResult:
    """The result of one method, such as `dkim` `pass` with `{"header.d": "example.com"}`."""

    method: str
    result: str
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ServerResults:
    """The server that judged a mail, and its results in order."""

    server: str
    results: tuple[MethodResult, ...]


def read_judgement(value: str) -> ServerResults:
    """Return what a field says. Results that do not follow the grammar are left out."""
    first, *rest = _statements(value[:_LONGEST])
    server = first[0].lower() if first else ""
    results = (_result(words) for words in rest[:_MOST_RESULTS])
    return ServerResults(server, tuple(one for one in results if one))


def trusted_results(
    fields: Sequence[AuthenticationField], trusted: Sequence[str]
) -> tuple[MethodResult, ...]:
    """Return the results of trusted servers, those of the server nearest to us.

    All fields below the first trusted one's Received line came with the mail: whoever sent it may
    have written them.
    """
    names = {name.lower() for name in trusted}
    nearest: AuthenticationField | None = None
    found: list[MethodResult] = []
    for field in fields:
        judgement = read_judgement(field.value)
        if judgement.server not in names:
            continue
        nearest = nearest or field
        if field.hop == nearest.hop:
            found += judgement.results
    return tuple(found)


def _statements(value: str) -> Iterator[list[str]]:
    """Yield the words of each statement between semicolons; comments are left out."""
    words: list[str] = []
    depth = 0
    for token in _TOKENS.finditer(value):
        quoted, mark, word = token[1], token[2], token[3]
        if mark == "(":
            depth += 1
        elif mark == ")":
            depth = max(depth - 1, 0)
        elif depth:
            continue
        elif mark == ";":
            yield words
            words = []
        elif mark or word:
            words.append(mark or word)
        elif quoted is not None:
            words.append(re.sub(r"\\(.)", r"\1", quoted))
    yield words


def _result(words: list[str]) -> MethodResult | None:
    pairs = [
        (words[at - 1].lower(), words[at + 1])
        for at in range(1, len(words) - 1)
        if words[at] == "="
    ]
    if not pairs:
        return None
    (method, result), *properties = pairs
    return MethodResult(method.partition("/")[0], result.lower(), dict(properties))
