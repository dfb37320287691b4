"""Warnings about senders who may want to be taken for somebody else."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

import idna

from shared.domain.interaction import Address
from shared.mail.authentication.verdict import Verdict

_ADDRESS: Final = re.compile(r"[^\s<>\"'(),;:@]{1,64}@[^\s<>\"'(),;:@]{1,190}")
_LOOKED_AT: Final = 400
_MOST_LABELS: Final = 10
_SCRIPTS: Final = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})
# Cyrillic letters that nobody can tell from Latin ones.
_LOOK_LATIN: Final = frozenset("асеорхуіјѕһԁԛԝӏ")  # noqa: RUF001 - that is what they do


def sender_warnings(
    sender: Address | None, reply_to: tuple[Address, ...], *, is_from_list: bool
) -> Iterator[str]:
    """Yield the codes of what is odd about a sender (`shared/mail/warnings.py`).

    The answers to a mailing list go elsewhere by its nature.
    """
    if sender is None:
        return
    named = _ADDRESS.findall(sender.personal[:_LOOKED_AT])
    if any(one.strip(".").lower() != sender.address.lower() for one in named):
        yield "name-is-other-address"
    if is_deceptive(_host(sender.address)):
        yield "mixed-scripts"
    if reply_to and not is_from_list and not any(_is_near(sender, one) for one in reply_to):
        yield "reply-elsewhere"


def verdict_warnings(verdict: Verdict, *, is_judged: bool) -> Iterator[str]:
    """Yield the code of a warning where nothing proves the sender.

    Without a server to judge it, `is_judged` is false: each mail would have it.
    """
    if is_judged and verdict.authenticated is not True:
        yield "sender-not-proven"


def is_deceptive(host: str) -> bool:
    """Say whether a label of a host name mixes alphabets, or has only letters that look Latin."""
    return any(map(_is_mixed, host.lower().split(".")[:_MOST_LABELS]))


def _is_mixed(label: str) -> bool:
    try:
        shown = idna.decode(label) if label.startswith("xn--") else label
    except (idna.IDNAError, UnicodeError):
        return False
    letters = {letter for letter in shown if letter.isalpha()}
    scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in letters} & _SCRIPTS
    return len(scripts) > 1 or (bool(letters) and letters <= _LOOK_LATIN)


def _is_near(sender: Address, other: Address) -> bool:
    one, two = _host(sender.address), _host(other.address)
    return one == two or f".{one}".endswith(f".{two}") or f".{two}".endswith(f".{one}")


def _host(address: str) -> str:
    return address.rpartition("@")[2].lower()
