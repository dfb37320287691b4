"""Finds the sent mail that a report is about, and records the report on it.

The evidence is tried in the order of `MatchedBy`; the first that leads to a sent mail counts and is
written down. A repetition finds the record, so it decides as the first time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import Final

import structlog

from services.ingest.interaction_builder import evidence
from shared.contracts.envelope import Cause
from shared.contracts.events import DeliveryReported
from shared.domain.clock import Clock
from shared.domain.deliveries.bounce_tokens import as_token, is_token_of, token_in
from shared.domain.deliveries.delivery import Delivery
from shared.domain.deliveries.delivery_report import (
    KIND_OF_REPORT,
    PROOF_OF_REPORT,
    PROVEN,
    DeliveryReport,
    MatchedBy,
    ReportedVerdict,
    words_about,
)
from shared.domain.errors import OperationNotAllowedError, UnknownInteractionError
from shared.domain.ids import new_id
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Direction, Operation, State
from shared.faults import crash_point
from shared.mail.parsed_mail import ParsedMail, Report
from shared.storage.interactions.interaction_store import Change, InteractionStore
from shared.storage.interactions.thread_store import ThreadStore
from shared.storage.mails.arrival_store import Arrival
from shared.storage.mails.delivery_store import DeliveryStore
from shared.storage.mails.report_store import ReportStore

log = structlog.get_logger()

_RECENT: Final = timedelta(days=5)
_MOST_TOKENS: Final = 5
_MOST_ADDRESSES: Final = 20
_HAS_LEFT: Final = frozenset({State.SENDING, State.SENT, State.UNCERTAIN})
_ADDRESSED: Final = ("Delivered-To", "X-Original-To")


@dataclass(frozen=True, slots=True)
class MatchedReport:
    """A report, and the sent mail that it is about."""

    report: DeliveryReport
    sent: Interaction


class _DisownedError(Exception):
    """A mail is no longer taken for a report."""


class ReportMatcher:
    """Matches reports to deliveries. Without a `key` no token counts."""

    def __init__(
        self,
        *,
        reports: ReportStore,
        deliveries: DeliveryStore,
        interactions: InteractionStore,
        threads: ThreadStore,
        clock: Clock,
        key: str,
    ) -> None:
        self._reports = reports
        self._deliveries = deliveries
        self._interactions = interactions
        self._threads = threads
        self._clock = clock
        self._key = key

    async def match(self, mail: ParsedMail, arrival: Arrival) -> MatchedReport | None:
        """Return the report in a mail with the mail that it is about; None for any other mail."""
        if mail.report is None:
            return None
        report = await self._reports.get(arrival.id)
        if report is None:
            report = await self._first_match(mail, mail.report, arrival)
            if report is None:
                return None
            report = await self._reports.add(report)
            crash_point("ingest.after_report")
        try:
            return MatchedReport(report, await self._interactions.get(report.delivery_id))
        except UnknownInteractionError:
            return None

    async def withdraw(self, matched: MatchedReport, original_id: str, cause: Cause) -> None:
        """Remove a report whose mail came before, as the interaction `original_id`.

        That one tells the same, or was disowned. Only where this copy has the proof that the
        original lacks, the original gets it, and the author is told. A repetition changes nothing.
        """
        if matched.report.is_proven:
            await self._prove(matched, original_id, cause)
        await self._reports.remove(matched.report.id)

    async def _prove(self, matched: MatchedReport, original_id: str, cause: Cause) -> None:
        original = await self._interactions.get(original_id, with_text=False)
        if original.arrival_id is None:
            return
        if not _is_report(original):
            # It was disowned. If this copy was proving it meanwhile, and died, its report is left.
            await self._reports.remove(original.arrival_id)
            return
        if not _lacks_proof(original):
            return
        proven = replace(matched.report, id=original.arrival_id, interaction_id=original_id)
        await self._reports.prove(proven)
        await self.announce(MatchedReport(proven, matched.sent), cause)

        def decide(before: Interaction) -> Change:
            if not _is_report(before):
                raise _DisownedError
            noted = {**before.user_data, **evidence(proven.matched_by)}
            return Change(
                replace(
                    before,
                    version=before.version + 1,
                    parent_id=matched.sent.id,
                    user_data=noted if _lacks_proof(before) else before.user_data,
                ),
                [],
            )

        try:
            # Last, because a repetition goes by what it says. A mail is disowned before its report
            # is removed: either this sees it, or the report is removed after it was stored above.
            await self._interactions.change(original_id, cause, decide)
        except _DisownedError:
            await self._reports.remove(original.arrival_id)

    async def announce(self, matched: MatchedReport, cause: Cause) -> None:
        """Tell the author of the sent mail. A repetition changes nothing."""
        report = matched.report
        delivery = await self._deliveries.get(report.delivery_id)

        def decide(before: Interaction) -> Change:
            after = before.after(Operation.REPORT)
            agent_id = _author(before, delivery)
            told = {"kind": report.kind, "reason": words_about(report)}
            return Change(after, [DeliveryReported.of(after, agent_id, **told)] if agent_id else [])

        try:
            await self._interactions.change(report.delivery_id, cause, decide)
        except OperationNotAllowedError:
            log.info("report on a mail that is no longer sent", interaction_id=report.delivery_id)

    async def _first_match(
        self, mail: ParsedMail, read: Report, arrival: Arrival
    ) -> DeliveryReport | None:
        found = await self._by_tokens(mail, read, arrival)
        # From is a claim: without a token a server's report has to have the null sender.
        if found is None and not (mail.is_bounce and arrival.sender.strip("<> ")):
            found = await self._by_words(mail, read)
        if found is None:
            return None
        delivery_id, matched_by = found
        log.info("report matched", arrival_id=arrival.id, interaction_id=delivery_id, by=matched_by)
        return DeliveryReport(
            id=arrival.id,
            kind=read.kind,
            interaction_id=new_id(),
            delivery_id=delivery_id,
            matched_by=matched_by,
            recipients=tuple(ReportedVerdict(**asdict(one)) for one in read.recipients),
            at=arrival.received_at,
        )

    async def _by_tokens(
        self, mail: ParsedMail, read: Report, arrival: Arrival
    ) -> tuple[str, MatchedBy] | None:
        if not self._key:
            return None
        headers = [mail.headers[name] for name in _ADDRESSED if name in mail.headers]
        addresses = (*arrival.recipients, *headers, *(one.address for one in mail.to))
        tokens = dict.fromkeys(filter(None, map(token_in, addresses)))
        for token in islice(tokens, _MOST_TOKENS):
            if delivery_id := await self._sent_with(token):
                return delivery_id, MatchedBy.TOKEN
        token = as_token(read.envelope_id)
        delivery_id = await self._sent_with(token) if token else None
        return (delivery_id, MatchedBy.ENVELOPE_ID) if delivery_id else None

    async def _sent_with(self, token: str) -> str | None:
        delivery_id = await self._reports.delivery_with_token(token)
        return delivery_id if delivery_id and is_token_of(token, self._key, delivery_id) else None

    async def _by_words(self, mail: ParsedMail, read: Report) -> tuple[str, MatchedBy] | None:
        named = (
            (read.returned_message_ids, MatchedBy.RETURNED_MAIL),
            ((*mail.in_reply_to, *reversed(mail.references)), MatchedBy.REFERENCES),
        )
        for ids, matched_by in named:
            if found := _first_sent(ids, await self._threads.named(ids)):
                return found, matched_by
        addresses = dict.fromkeys(
            form
            for one in read.recipients[:_MOST_ADDRESSES]
            for address in (one.original, one.address)
            for form in (address, address.lower())
            if address
        )
        recent = self._clock.now() - _RECENT
        to_them = await self._reports.deliveries_to(tuple(addresses), recent) if addresses else []
        return (to_them[0], MatchedBy.RECIPIENT) if len(to_them) == 1 else None


def _first_sent(ids: Sequence[str], named: Iterable[Interaction]) -> str | None:
    order = {one: place for place, one in enumerate(ids)}
    sent = [one for one in named if one.direction is Direction.OUTBOUND and one.state in _HAS_LEFT]
    nearest = min(sent, key=lambda one: order[one.mail.message_id], default=None)
    return nearest.id if nearest else None


def _is_report(original: Interaction) -> bool:
    """Say whether a mail is taken for a report, and nobody has disowned it."""
    return KIND_OF_REPORT in original.user_data


def _lacks_proof(original: Interaction) -> bool:
    """Say whether a mail is taken for a report, and not proven to be one."""
    return _is_report(original) and original.user_data.get(PROOF_OF_REPORT) != PROVEN


def _author(sent: Interaction, delivery: Delivery | None) -> str:
    return sent.owner_id or (delivery.agent_id if delivery else "")
