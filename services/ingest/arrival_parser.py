"""Turns an arrival into interactions, one for each of its mailboxes."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Final

import structlog
from prometheus_client import Counter

from services.ingest.awaited_mails import AwaitedMails, unknown_ids
from services.ingest.floods import FloodGuard
from services.ingest.interaction_builder import (
    Relations,
    ReportOn,
    build_interaction,
    claimed_sender_of,
    is_certain_report,
    sender_of,
)
from services.ingest.parser.isolated_parser import (
    IsolatedParser,
    ParserBusyError,
    ParserKilledError,
)
from services.ingest.report_matcher import MatchedReport, ReportMatcher
from services.ingest.screening import Screened, screen
from services.ingest.store import CopyStore
from services.ingest.unparsed_mail import unparsed_mail
from shared.contracts.commands import ExtractDocuments, ParseMail
from shared.contracts.contact_center import ContactCenter, Mailbox
from shared.contracts.description.report_rules import ReportRules
from shared.contracts.envelope import Cause, Contract
from shared.contracts.events import InteractionReceived
from shared.contracts.screening import ScreeningRule
from shared.domain.clock import Clock
from shared.domain.contacts.contact import Contact
from shared.domain.errors import Unavailable
from shared.domain.ids import new_id
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import State
from shared.domain.routing.stranded_work import UNASSIGNED
from shared.faults import crash_point
from shared.mail.limits import UnparsableMailError
from shared.mail.parsed_mail import ParsedMail
from shared.mail.parsing.bounces.other_reports import repeats_subject
from shared.mail.parsing.identity import body_hash, duplicate_key
from shared.mail.subject_ids import subject_ids
from shared.mail.thread_tokens import Owns, thread_tokens, without_token
from shared.mail.threads import thread_references
from shared.screening.mail_texts import MailTexts
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.contacts.contact_store import ContactStore, ContactUnknownError
from shared.storage.database.client import UnstorableError
from shared.storage.interactions.interaction_store import InteractionStore
from shared.storage.interactions.thread_store import ThreadStore
from shared.storage.mails.allowance_store import AllowanceStore
from shared.storage.mails.arrival_store import Arrival, ArrivalStore
from shared.storage.mails.awaited_mail_store import AwaitedMailStore

log = structlog.get_logger()

PARSED: Final = Counter("mailroom_mails_parsed_total", "Mails by what they became", ["outcome"])

_DELIVERED_TO: Final = ("Delivered-To", "X-Original-To")
# A parser may be killed for the machine's sake, such as its memory. A mail that ends three of
# them is itself the cause: it becomes an interaction with its raw octets.
_TRIES: Final = 3
_RETRY_DELAY: Final = timedelta(seconds=5)
_LONGEST_WAIT: Final = timedelta(minutes=30)
"""After this, a slow mail for which no parser was free becomes an unparsed interaction."""


class ParsingPostponedError(Unavailable):
    """The mail was slow or crashed its parser; the command is tried again later."""


@dataclass(frozen=True, slots=True)
class ParsingStores:
    """The stores that a mail goes through."""

    arrivals: ArrivalStore
    interactions: InteractionStore
    threads: ThreadStore
    contacts: ContactStore
    copies: CopyStore
    allowances: AllowanceStore
    awaited: AwaitedMailStore


class ArrivalParser:
    """Parses arrivals in child processes and stores their interactions."""

    def __init__(
        self,
        stores: ParsingStores,
        *,
        configuration: ConfigurationStore,
        parser: IsolatedParser,
        reports: ReportMatcher,
        clock: Clock,
    ) -> None:
        self._reports = reports
        self._arrivals = stores.arrivals
        self._interactions = stores.interactions
        self._threads = stores.threads
        self._contacts = stores.contacts
        self._copies = stores.copies
        self._awaited = AwaitedMails(stores.awaited)
        self._floods = FloodGuard(stores.allowances, stores.interactions)
        self._configuration = configuration
        self._parser = parser
        self._clock = clock

    async def parse(self, command: ParseMail, cause: Cause) -> None:
        """Store the interactions of the arrival that a command names.

        Raises:
            ParsingPostponedError: The mail is to be tried again later.
        """
        await self.parse_arrival(await self._arrivals.get(command.arrival_id), cause)
        self._arrivals.note_parsed(command.arrival_id, str(cause.message_id))

    def read_ahead(self, raw: bytes, sender: str) -> "asyncio.Task[ParsedMail] | None":
        """Begin to read a mail that is not stored yet; return None if no reader is idle.

        `sender` is that of its envelope. The result, or its error, is for `parse_arrival`.
        """
        if not self._parser.is_idle:
            return None
        reading = asyncio.create_task(self._parser.parse(raw, envelope_sender=sender))
        # Where the mail is not stored, nobody asks for the result.
        reading.add_done_callback(lambda one: one.cancelled() or one.exception())
        return reading

    async def parse_arrival(
        self,
        arrival: Arrival,
        cause: Cause,
        reading: "asyncio.Task[ParsedMail] | None" = None,
    ) -> None:
        """Store the interactions of one arrival. A repetition finds them and stores nothing.

        `reading` is what `read_ahead` has begun.
        """
        await self._store(arrival, await self._read(arrival, reading), cause)

    async def _store(self, arrival: Arrival, mail: ParsedMail, cause: Cause) -> None:
        """Store the interactions of a mail, one for each of its mailboxes."""
        matched = await self._reports.match(mail, arrival)
        contact_center = await self._configuration.current()
        relations = await self._relations(mail, arrival, contact_center.owns)
        mail = _without_tokens(mail, contact_center.owns)
        trusted = contact_center.trusted_authentication
        # The same for all mailboxes: a stranger decides how many there are.
        texts = MailTexts(mail, arrival.raw)
        original_id: str | None = None
        body = await asyncio.to_thread(body_hash, arrival.raw)
        for address in arrival.mailboxes:
            mailbox = contact_center.mailbox_for(address) or _unassigned_mailbox(address)
            is_first = address == arrival.mailboxes[0]
            about = _about(mail, matched, contact_center, is_first=is_first)
            build = partial(
                build_interaction,
                arrival=arrival,
                mailbox=mailbox,
                relations=replace(relations, about=about),
                trusted=trusted,
                is_offered=_is_offered(mail, about, contact_center.reports),
            )
            decide = partial(
                _screened,
                arrival=arrival,
                mailbox=mailbox,
                center=contact_center,
                # Reports on our mails have rules of their own.
                rules=() if about else contact_center.screening_of(mailbox),
                contact=relations.contact,
            )
            fold = partial(
                self._floods.fold,
                center=contact_center,
                cause=cause,
                about=about.sent if about else None,
            )
            try:
                decided = await decide(build(mail), texts)
                await self._awaited.expect(decided.interaction, relations.unknown_ids)
                known_id = await self._add(await fold(decided), arrival, body, cause)
            except UnstorableError as error:
                shown = self._unparsed(arrival, f"not storable: {error}", mail)
                of_shown = MailTexts(shown, arrival.raw)
                decided = await decide(build(shown), of_shown)
                known_id = await self._add(await fold(decided), arrival, body, cause)
            original_id = known_id if is_first else original_id
        if matched and original_id:
            await self._reports.withdraw(matched, original_id, cause)
        elif matched:
            crash_point("ingest.after_report_interaction")
            await self._reports.announce(matched, cause)
            crash_point("ingest.after_report_announced")

    async def _relations(self, mail: ParsedMail, arrival: Arrival, owns: Owns) -> Relations:
        """Return what a mail belongs to, whatever it reports on."""
        speaker = claimed_sender_of(mail, arrival)
        tokens = thread_tokens((*arrival.recipients, *_addressees(mail)), owns)
        named = await self._threads.named(thread_references(mail))
        proven = await self._threads.proven(speaker, named)
        unknown = unknown_ids(mail, named)
        return Relations(
            proven=proven,
            contact=await self._contact(mail, arrival),
            answered=await self._threads.with_tokens(tokens),
            in_subject=await self._threads.sent_to(speaker, subject_ids(mail.subject)),
            unknown_ids=unknown,
            awaiting=None
            if proven
            else await self._awaited.thread_awaiting(mail, speaker, unknown),
        )

    async def _contact(self, mail: ParsedMail, arrival: Arrival) -> Contact | None:
        """Return who wrote the mail. It waits for no contact: its id follows from the address."""
        sender = sender_of(mail, arrival)
        try:
            return await self._contacts.meet(
                sender.address, sender.personal, makes=mail.report is None
            )
        except ContactUnknownError as error:
            log.warning("mail goes on without its contact", arrival_id=arrival.id, fault=str(error))
            return None

    async def _read(
        self, arrival: Arrival, reading: "asyncio.Task[ParsedMail] | None" = None
    ) -> ParsedMail:
        """Return the parsed mail, or an unparsed one after the last try.

        Raises:
            ParsingPostponedError: The mail was slow, crashed its parser, or is not due yet.
        """
        now = self._clock.now()
        if arrival.tries and now - arrival.received_at > _LONGEST_WAIT:
            return self._unparsed(arrival, "it takes too long to read")
        if arrival.retry_at and now < arrival.retry_at:
            raise ParsingPostponedError("its next try is later")
        try:
            if reading is not None:
                return await reading
            return await self._parser.parse(
                arrival.raw, envelope_sender=arrival.sender, slow=arrival.tries > 0
            )
        except UnparsableMailError as error:
            return self._unparsed(arrival, str(error))
        except ParserBusyError as error:
            raise ParsingPostponedError(str(error)) from error
        except ParserKilledError as error:
            if arrival.tries + 1 >= _TRIES:
                return self._unparsed(arrival, str(error))
            await self._arrivals.postpone(arrival, now + _RETRY_DELAY)
            raise ParsingPostponedError(str(error)) from error

    def _unparsed(
        self, arrival: Arrival, reason: str, known: ParsedMail | None = None
    ) -> ParsedMail:
        log.warning("mail unparsed", arrival_id=arrival.id, reason=reason)
        PARSED.labels("unparsed").inc()
        return unparsed_mail(arrival.raw, reason, known)

    async def _add(self, found: Screened, arrival: Arrival, body: str, cause: Cause) -> str | None:
        """Store an interaction; return the one that an earlier arrival of the mail became.

        `body` is the `body_hash` of the arrival.
        """
        interaction = found.interaction
        key = duplicate_key(interaction.mailbox, interaction.mail.message_id, body)
        is_new = await self._interactions.add(
            interaction, cause, _messages_about(found, arrival), arrival_key=key
        )
        if not is_new:
            await self._copies.record(key, arrival.id)
        PARSED.labels("interaction" if is_new else "copy").inc()
        log.info(
            "mail became an interaction" if is_new else "mail is a copy of an earlier one",
            arrival_id=arrival.id,
            interaction_id=interaction.id if is_new else "",
            message_id=interaction.mail.message_id,
            mailbox=interaction.mailbox,
            queue=interaction.queue,
        )
        return None if is_new else await self._copies.original(key, arrival.id)


async def _screened(
    built: Interaction,
    texts: MailTexts,
    arrival: Arrival,
    mailbox: Mailbox,
    center: ContactCenter,
    rules: Sequence[ScreeningRule],
    contact: Contact | None,
) -> Screened:
    """Screen an interaction, beside the event loop where texts are searched for words."""
    screening = partial(screen, built, texts, arrival, mailbox, center, rules, contact)
    searches = rules or mailbox.acknowledgement is not None
    return await asyncio.to_thread(screening) if searches else screening()


def _messages_about(found: Screened, arrival: Arrival) -> Sequence[Contract]:
    interaction = found.interaction
    messages: list[Contract] = [found.acknowledgement] if found.acknowledgement else []
    if interaction.mail.attachments:
        messages.append(ExtractDocuments(interaction_id=interaction.id, arrival_id=arrival.id))
    # A report that nobody is offered is complete: routing has nothing to do with it.
    if interaction.state is State.QUEUED:
        messages.append(InteractionReceived.of(interaction))
    return messages


def _addressees(mail: ParsedMail) -> Iterator[str]:
    """Yield the addresses that a mail was sent to, as its headers say."""
    yield from (mail.headers[name] for name in _DELIVERED_TO if name in mail.headers)
    yield from (one.address for one in (*mail.to, *mail.cc))


def _without_tokens(mail: ParsedMail, owns: Owns) -> ParsedMail:
    """Return a mail without tokens in its addresses, which more agents see than may read it."""
    return replace(
        mail,
        to=tuple(without_token(one, owns) for one in mail.to),
        cc=tuple(without_token(one, owns) for one in mail.cc),
        reply_to=tuple(without_token(one, owns) for one in mail.reply_to),
    )


def _about(
    mail: ParsedMail,
    matched: MatchedReport | None,
    contact_center: ContactCenter,
    *,
    is_first: bool,
) -> ReportOn | None:
    if matched is None:
        return None
    report = matched.report
    offered_to = contact_center.reports.for_kind(report.kind)
    is_certain = is_certain_report(mail) or repeats_subject(mail.subject, matched.sent.mail.subject)
    if offered_to == "nobody" and not (report.is_proven or is_certain):
        # A person may have written it, such as an answer with "vacation" in its subject.
        offered_to = "author"
    return ReportOn(
        matched.sent,
        interaction_id=report.interaction_id if is_first else new_id(),
        matched_by=report.matched_by,
        offered_to=offered_to,
    )


def _is_offered(mail: ParsedMail, about: ReportOn | None, rules: ReportRules) -> bool:
    """Say whether somebody is offered a mail: any but a report whose rule says `nobody`."""
    if about:
        return about.offered_to != "nobody"
    if mail.report is None or not mail.report.is_certain:
        return True
    return rules.for_unmatched(mail.report.kind) != "nobody"


def _unassigned_mailbox(address: str) -> Mailbox:
    """Return the mailbox for mail whose own was removed between its arrival and its parsing."""
    return Mailbox(address=address, queue=UNASSIGNED)
