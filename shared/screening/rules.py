"""Screens an arrived mail by the rules of its mailbox. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from shared.contracts.screening import Actions, Condition, ScreeningRule, TextTest
from shared.domain.mail_envelope import Way
from shared.domain.queue_rank import bounded_priority, highest_levels
from shared.screening.mail_texts import MailTexts
from shared.screening.text_tests import SearchedText, passes

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_NO_SKILLS: Final[Mapping[str, int]] = MappingProxyType({})


@dataclass(frozen=True)
class ScreenedMail:
    """The subject of rules: the texts of a mail, and the mailbox that it came to.

    `authenticated` says whether its sender is proven, None if unknown, `is_contact_known` whether
    the sender has written before, and `contact_groups` are the groups of that contact. `way` is how
    it came, `open_hours` are the names of the opening hours in which it came.
    """

    texts: MailTexts = field(repr=False)
    mailbox: str
    authenticated: bool | None = None
    is_contact_known: bool = False
    contact_groups: tuple[str, ...] = ()
    way: Way = Way.SMTP
    open_hours: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """A rule that met, and what it did, in words."""

    rule: str
    did: str


@dataclass(frozen=True, slots=True)
class Screening:
    """The decision of the rules: nothing, unless one of them met.

    `queue` is the queue instead of the mailbox's, `discard` the reason for offering the mail to
    nobody. At most one of them is set. `needs` are the least levels of skills. `template` is the
    text of the acknowledgement, "" for the mailbox's.
    """

    steps: tuple[Step, ...] = ()
    queue: str | None = None
    discard: str | None = None
    user_data: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    acknowledges: bool = True
    priority: int = 0
    needs: Mapping[str, int] = field(default_factory=lambda: _NO_SKILLS)
    template: str = ""

    @property
    def words(self) -> str:
        """The rules that met and what each did, for people."""
        return "; ".join(f"{one.rule}: {one.did}" for one in self.steps)


def screened(rules: Iterable[ScreeningRule], mail: ScreenedMail) -> Screening:
    """Return what rules decide about a mail; they are tried in order.

    The first rule with `queue` or `discard` decides where the mail goes. All that meet add their
    user data, where the first one to name a key counts. Priorities add up, within their bounds, and
    of each skill that is needed the highest level counts. The first `template` counts. One
    `acknowledge: false` is enough.
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
        priority=bounded_priority(before.priority + (then.priority or 0)),
        needs=highest_levels(before.needs, then.needs),
        template=before.template or then.template or "",
    )


def _words(then: Actions, *, is_placed: bool) -> Iterator[str]:
    beaten = " (an earlier rule decided)" if is_placed else ""
    if then.discard is not None:
        yield f"discard as {then.discard}{beaten}"
    if then.queue is not None:
        yield f"to queue {then.queue}{beaten}"
    if then.priority is not None:
        yield f"priority {then.priority:+d}"
    if then.needs:
        yield f"for {' and '.join(f'{skill} >= {level}' for skill, level in then.needs.items())}"
    if then.user_data:
        yield f"attach {', '.join(then.user_data)}"
    if then.template is not None:
        yield f"acknowledge with {then.template}"
    if then.acknowledge is not None:
        yield "acknowledge" if then.acknowledge else "do not acknowledge"


def meets(condition: Condition, mail: ScreenedMail) -> bool:
    """Say whether a condition holds for a mail."""
    return all(_holdings(condition, mail))


def _holdings(condition: Condition, screened: ScreenedMail) -> Iterator[bool]:
    """Yield whether each part of a condition holds."""
    if condition.all is not None:
        yield all(meets(one, screened) for one in condition.all)
    if condition.any is not None:
        yield any(meets(one, screened) for one in condition.any)
    if condition.not_ is not None:
        yield not meets(condition.not_, screened)
    yield from _text_holdings(condition, screened)
    yield from _other_holdings(condition, screened)


def _text_holdings(condition: Condition, screened: ScreenedMail) -> Iterator[bool]:
    texts = screened.texts
    for test, place in (
        (condition.from_, "from"),
        (condition.to, "to"),
        (condition.cc, "cc"),
        (condition.automatic, "automatic"),
        (condition.attachment_type, "attachment.type"),
        (condition.language, "language"),
        (condition.subject, "subject"),
        (condition.body, "body"),
    ):
        if test is not None:
            yield texts.has(test, place)
    for name, test in (condition.header or {}).items():
        yield texts.has_in_header(test, name)
    of_mailbox: tuple[tuple[TextTest | None, Sequence[str]], ...] = (
        (condition.mailbox, [screened.mailbox]),
        (condition.contact_group, screened.contact_groups),
    )
    for test, several in of_mailbox:
        if test is not None:
            yield any(passes(test, SearchedText(one), of_words=False) for one in several)


def _other_holdings(condition: Condition, screened: ScreenedMail) -> Iterator[bool]:
    size = len(screened.texts.raw)
    if condition.size is not None:
        over, under = condition.size.over, condition.size.under
        yield (over is None or size > over) and (under is None or size < under)
    if condition.has_attachment is not None:
        yield condition.has_attachment == bool(screened.texts.mail.attachments)
    if condition.contact_known is not None:
        yield condition.contact_known == screened.is_contact_known
    if condition.hours is not None:
        yield condition.hours in screened.open_hours
    if condition.authenticated is not None:
        known = "unknown" if screened.authenticated is None else screened.authenticated
        yield condition.authenticated == known
