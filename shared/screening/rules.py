"""Screens an arrived mail by the rules of its mailbox. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Final

from shared.contracts.screening import Actions, Condition, ScreeningRule, TextTest
from shared.domain.mail_envelope import Way
from shared.mail.mime.charsets import decode
from shared.mail.mime.encoded_words import decode_value
from shared.mail.mime.headers import Headers, read_mail_headers
from shared.mail.parsed_mail import ParsedMail
from shared.screening.text_tests import passes

_LONGEST_TESTED: Final = 200_000
"""Characters of a mail's text that are tested."""
_LONGEST_HEADER: Final = 4_000
_MOST_FIELDS: Final = 20
"""Fields of one name that are tested, from the top."""
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True)
class ScreenedMail:
    """What rules are tried on: a mail, its octets, and the mailbox that it came to.

    `authenticated` says whether its sender is proven, None if unknown, `is_contact_known` whether
    the sender has written before, and `contact_groups` are the groups of that contact. `way` is how
    it came.
    """

    mail: ParsedMail
    raw: bytes = field(repr=False)
    mailbox: str
    authenticated: bool | None = None
    is_contact_known: bool = False
    contact_groups: tuple[str, ...] = ()
    way: Way = Way.SMTP

    def header(self, name: str) -> Iterator[str]:
        """Yield the decoded values of the fields of a lower-case name, the topmost first."""
        for value in self._headers.every(name)[:_MOST_FIELDS]:
            yield decode_value(value[:_LONGEST_HEADER])

    @cached_property
    def text(self) -> str:
        """The beginning of the mail's text."""
        return self.mail.text[:_LONGEST_TESTED]

    @cached_property
    def language(self) -> str:
        """The language that the mail says it is in, such as `de`; empty if it says none."""
        said = decode(self._headers.first("content-language") or b"")
        return said.partition(",")[0].partition("-")[0].strip().lower()

    @cached_property
    def _headers(self) -> Headers:
        return read_mail_headers(self.raw)[0]


@dataclass(frozen=True, slots=True)
class Step:
    """A rule that met, and what it did, in words."""

    rule: str
    did: str


@dataclass(frozen=True, slots=True)
class Screening:
    """What the rules decided: nothing, unless one of them met.

    `queue` is the queue instead of the mailbox's, `discard` the reason for offering the mail to
    nobody. At most one of them is set.
    """

    steps: tuple[Step, ...] = ()
    queue: str | None = None
    discard: str | None = None
    user_data: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    acknowledges: bool = True

    @property
    def words(self) -> str:
        """The rules that met and what each did, for people."""
        return "; ".join(f"{one.rule}: {one.did}" for one in self.steps)


def screened(rules: Iterable[ScreeningRule], mail: ScreenedMail) -> Screening:
    """Return what rules decide about a mail; they are tried in order.

    The first rule with `queue` or `discard` decides where the mail goes. All that meet add their
    user data, where the first one to name a key counts. One `acknowledge: false` is enough.
    """
    result = Screening()
    for rule in rules:
        if meets(rule.when, mail):
            result = _after(result, rule.name, rule.then)
    return result


def _after(before: Screening, rule: str, then: Actions) -> Screening:
    is_placed = before.queue is not None or before.discard is not None
    did = list(_words(then, is_placed=is_placed))
    return Screening(
        steps=(*before.steps, Step(rule, ", ".join(did))),
        queue=before.queue if is_placed else then.queue,
        discard=before.discard if is_placed else then.discard,
        user_data={**then.user_data, **before.user_data},
        acknowledges=before.acknowledges and then.acknowledge is not False,
    )


def _words(then: Actions, *, is_placed: bool) -> Iterator[str]:
    beaten = " (an earlier rule decided)" if is_placed else ""
    if then.discard is not None:
        yield f"discard as {then.discard}{beaten}"
    if then.queue is not None:
        yield f"to queue {then.queue}{beaten}"
    if then.user_data:
        yield f"attach {', '.join(then.user_data)}"
    if then.acknowledge is not None:
        yield "acknowledge" if then.acknowledge else "do not acknowledge"


def meets(condition: Condition, mail: ScreenedMail) -> bool:
    """Say whether a condition holds for a mail."""
    return all(_holdings(condition, mail))


def _holdings(condition: Condition, screened: ScreenedMail) -> Iterator[bool]:
    """Yield whether each part of a condition holds."""
    mail = screened.mail
    if condition.all is not None:
        yield all(meets(one, screened) for one in condition.all)
    if condition.any is not None:
        yield any(meets(one, screened) for one in condition.any)
    if condition.not_ is not None:
        yield not meets(condition.not_, screened)
    values: tuple[tuple[TextTest | None, Sequence[str]], ...] = (
        (condition.from_, [one.address for one in mail.from_]),
        (condition.to, [one.address for one in mail.to]),
        (condition.cc, [one.address for one in mail.cc]),
        (condition.mailbox, [screened.mailbox]),
        (condition.automatic, [mail.automatic] if mail.automatic else []),
        (condition.contact_group, screened.contact_groups),
        (condition.attachment_type, [one.media_type for one in mail.attachments]),
    )
    for test, several in values:
        if test is not None:
            yield any(passes(test, one, of_words=False) for one in several)
    if condition.language is not None:
        yield passes(condition.language, screened.language, of_words=False)
    if condition.subject is not None:
        yield passes(condition.subject, mail.subject, of_words=True)
    if condition.body is not None:
        yield passes(condition.body, screened.text, of_words=True)
    for name, test in (condition.header or {}).items():
        yield any(passes(test, value, of_words=True) for value in screened.header(name))
    yield from _other_holdings(condition, screened)


def _other_holdings(condition: Condition, screened: ScreenedMail) -> Iterator[bool]:
    size = len(screened.raw)
    if condition.size is not None:
        over, under = condition.size.over, condition.size.under
        yield (over is None or size > over) and (under is None or size < under)
    if condition.has_attachment is not None:
        yield condition.has_attachment == bool(screened.mail.attachments)
    if condition.contact_known is not None:
        yield condition.contact_known == screened.is_contact_known
    if condition.authenticated is not None:
        known = "unknown" if screened.authenticated is None else screened.authenticated
        yield condition.authenticated == known
