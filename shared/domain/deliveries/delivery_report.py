"""Reports on a sent mail, and what they say about its recipients. Pure.

A report never changes the delivery itself: it is what somebody says. Only a report with our token
is proven to come from a server that had the mail.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shared.domain.deliveries.delivery import Delivery, RecipientState


class MatchedBy(StrEnum):
    """The evidence by which a report was matched to a delivery, the best first."""

    TOKEN = "token"  # noqa: S105 - the name of a kind of evidence
    ENVELOPE_ID = "envelope-id"
    RETURNED_MAIL = "returned-mail"
    REFERENCES = "references"
    RECIPIENT = "recipient"


PROOFS: Final = frozenset({MatchedBy.TOKEN, MatchedBy.ENVELOPE_ID})
"""Evidence that nobody can forge who has not received the mail's envelope."""

KIND_OF_REPORT: Final = "_Report"
"""The key of user data that holds the kind of a mail that was taken for a report."""

PROOF_OF_REPORT: Final = "_ReportProof"
"""The key of user data that says whether a matched report is proven: `PROVEN`, or "not proven"."""

PROVEN: Final = "proven"

_STATES: Final[Mapping[str, RecipientState]] = MappingProxyType(
    {
        "failed": RecipientState.BOUNCED,
        "delayed": RecipientState.DELAYED,
        "delivered": RecipientState.DELIVERED,
        "receipt": RecipientState.DELIVERED,
        "complaint": RecipientState.COMPLAINED,
    }
)
_FINAL: Final = frozenset(
    {RecipientState.BOUNCED, RecipientState.DELIVERED, RecipientState.COMPLAINED}
)


@dataclass(frozen=True, slots=True)
class ReportedVerdict:
    """The verdict of a report on one recipient; the names are those of the parsed report."""

    address: str
    status: str = ""
    hard: bool = False
    action: str = ""
    original: str = ""
    diagnostic: str = ""
    remote_server: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """A report, its verdicts, and the delivery that it was matched to.

    The id is the arrival's, `interaction_id` the interaction that shows it.
    """

    id: str
    kind: str
    interaction_id: str
    delivery_id: str
    matched_by: MatchedBy
    recipients: tuple[ReportedVerdict, ...]
    at: datetime

    @property
    def is_proven(self) -> bool:
        """Say whether the report has our token."""
        return self.matched_by in PROOFS


@dataclass(frozen=True, slots=True)
class ReportedRecipient:
    """A recipient of a sent mail: what the next server answered, or what a report said since."""

    address: str
    state: RecipientState
    at: datetime | None
    code: int = 0
    text: str = ""
    status: str = ""
    is_proven: bool = True


def reported_recipients(
    delivery: Delivery, reports: Iterable[DeliveryReport]
) -> tuple[ReportedRecipient, ...]:
    """Return the recipients of a delivery in the states that its reports give them.

    A later report counts more than an earlier one, but a delay nothing after an end. A report
    without proof never changes an end that is proven: anybody can write one.
    """
    found = {
        one.address.lower(): ReportedRecipient(one.address, one.state, one.at, one.code, one.text)
        for one in delivery.recipients
    }
    for report in sorted(reports, key=lambda one: one.at):
        for verdict in report.recipients:
            address = _meant(verdict, found)
            state = _STATES.get(verdict.action or report.kind)
            if address and state and _may_change(found[address], state, report):
                found[address] = replace(
                    found[address],
                    state=state,
                    at=report.at,
                    code=0,
                    status=verdict.status,
                    text=verdict.diagnostic,
                    is_proven=report.is_proven,
                )
    return tuple(found.values())


def words_about(report: DeliveryReport) -> str:
    """Return one line for the author of the mail, at most 500 characters."""
    said = [
        " ".join(filter(None, (f"{one.original or one.address}:", _word(one, report), one.status)))
        for one in report.recipients[:20]
    ]
    proof = "" if report.is_proven else " (not proven)"
    return ("; ".join(said) or report.kind)[:_LONGEST_WORDS] + proof


_LONGEST_WORDS: Final = 480


def _word(verdict: ReportedVerdict, report: DeliveryReport) -> str:
    return verdict.action or report.kind


def _meant(verdict: ReportedVerdict, known: Mapping[str, ReportedRecipient]) -> str:
    """Return the recipient that a verdict is about; a mail to one person needs no address."""
    for address in (verdict.original.lower(), verdict.address.lower()):
        if address in known:
            return address
    return next(iter(known)) if len(known) == 1 else ""


def _may_change(before: ReportedRecipient, state: RecipientState, report: DeliveryReport) -> bool:
    """Say whether a report may give a recipient another state."""
    if before.state not in _FINAL:
        return True
    if before.is_proven != report.is_proven:
        return report.is_proven
    return state is not RecipientState.DELAYED
