"""`mailroom screen`: shows what the screening rules do with a mail, and changes nothing."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from services.console.description.reader import read_description
from services.console.exit_codes import Exit, NotPossibleError
from services.console.mails_to_screen import (
    MOST_MAILS,
    Mail,
    StoredMails,
    file_named,
    read_file,
)
from services.console.settings import read_settings
from services.console.store import connected_database, contact_center_in_force
from shared.contracts.contact_center import ContactCenter, Mailbox
from shared.contracts.hours import open_names
from shared.domain.clock import SystemClock
from shared.domain.contacts.contact import Contact, was_known
from shared.domain.storable_text import storable
from shared.mail.authentication.verdict import sender_verdict
from shared.mail.limits import UnparsableMailError
from shared.mail.parsed_mail import ParsedMail
from shared.mail.parsing.parser import parse_mail
from shared.screening.acknowledgements import reason_against
from shared.screening.mail_texts import MailTexts
from shared.screening.rules import ScreenedMail, Screening, screened
from shared.storage.database.client import Database

_LONGEST: Final = 200


async def screen(
    wanted: str | None, *, newest: int | None, mailbox: str | None, description: Path | None
) -> None:
    """Print what the rules do with a mail file, a stored mail, or the newest stored mails.

    The rules are those of `description`, else those in force. A file needs no server then, and its
    author counts as unknown.

    Raises:
        NotPossibleError: There is no such mail, or no mailbox that it is for. One of the newest
            that cannot be shown has a line that says why, and the others follow.
    """
    described = read_description(description) if description else None
    file = file_named(wanted)
    if file is not None and described is not None:
        for line in _explanation(described, read_file(file), mailbox):
            print(line)
        return
    async with _database() as database:
        center = described or await _stored_description(database)
        stored = StoredMails(database)
        if wanted is not None:
            mail = await (stored.with_contact(read_file(file)) if file else stored.named(wanted))
            for line in _explanation(center, mail, mailbox):
                print(line)
            return
        if mailbox is not None:
            _chosen(center, mailbox)
        if not center.screening:
            print("there are no rules: describe some under `screening`, and try --description FILE")
            return
        counts: Counter[str] = Counter()
        for arrival_id in await stored.newest(newest or MOST_MAILS):
            for line in await _summary(center, stored, arrival_id, mailbox, counts):
                print(line)
        for rule in center.screening:
            print(f"rule {rule.name}: met {counts[rule.name]} times")


@asynccontextmanager
async def _database() -> AsyncIterator[Database]:
    async with connected_database(read_settings().mongodb_url) as database:
        yield database


async def _stored_description(database: Database) -> ContactCenter:
    center = await contact_center_in_force(database, SystemClock())
    if center is None:
        raise NotPossibleError(
            "no contact center yet: run `mailroom apply FILE`, or name a file with --description",
            Exit.NOT_FINE,
        )
    return center


def _explanation(center: ContactCenter, mail: Mail, chosen: str | None) -> Iterator[str]:
    """Yield what each rule does with a mail in each of its mailboxes, and what becomes of it."""
    parsed = _parsed(mail)
    sender = storable(parsed.from_[0].address if parsed.from_ else mail.sender, _LONGEST)
    yield f"{mail.name}: from <{sender}>, subject {storable(parsed.subject, _LONGEST)!r}"
    yield f"written by: {f'a machine ({parsed.automatic})' if parsed.automatic else 'a person'}"
    if parsed.report:
        yield (
            f"it is a report ({parsed.report.kind}): if it is on a mail that was sent from here, "
            "`reports` decides and no rule is tried"
        )
    for mailbox in _mailboxes(center, mail, parsed, chosen):
        rules = center.screening_of(mailbox)
        screening = _screening(center, mail, parsed, mailbox)
        did = {one.rule: one.did for one in screening.steps}
        for rule in rules:
            yield f"{mailbox.address}: rule {rule.name}: {did.get(rule.name, 'does not meet')}"
        yield f"{mailbox.address}: {_outcome(screening, mailbox, mail.contact)}"
        if mailbox.acknowledgement:
            yield f"{mailbox.address}: {_acknowledged(center, mail, parsed, mailbox, screening)}"


async def _summary(
    center: ContactCenter,
    stored: StoredMails,
    arrival_id: str,
    chosen: str | None,
    counts: Counter[str],
) -> list[str]:
    """Return a line for each mailbox of an arrival in which a rule meets, and count the rules.

    A mail that cannot be shown has one line that says why. One that is gone by now has none.
    """
    try:
        mail = await stored.arrived(arrival_id)
        return list(_meetings(center, mail, chosen, counts)) if mail else []
    except NotPossibleError as error:
        return [str(error)]


def _meetings(
    center: ContactCenter, mail: Mail, chosen: str | None, counts: Counter[str]
) -> Iterator[str]:
    parsed = _parsed(mail)
    for mailbox in _mailboxes(center, mail, parsed, chosen):
        screening = _screening(center, mail, parsed, mailbox)
        counts.update(one.rule for one in screening.steps)
        if screening.steps:
            subject = storable(parsed.subject, _LONGEST)
            yield f"{mail.name}, {mailbox.address}, {subject!r}: {screening.words}"


def _parsed(mail: Mail) -> ParsedMail:
    try:
        return parse_mail(mail.raw, envelope_sender=mail.sender)
    except UnparsableMailError as error:
        raise NotPossibleError(
            f"{mail.name}: cannot be read ({error}); it would be shown with itself attached, "
            "and no rule would meet its words",
            Exit.NOT_FINE,
        ) from None


def _mailboxes(
    center: ContactCenter, mail: Mail, parsed: ParsedMail, chosen: str | None
) -> Sequence[Mailbox]:
    """Return the mailboxes that a mail is for: the chosen one, those it came to, or its To."""
    if chosen:
        return [_chosen(center, chosen)]
    named = mail.mailboxes or [one.address for one in (*parsed.to, *parsed.cc)]
    found = [center.mailbox_for(address) for address in named]
    mailboxes = list({one.address: one for one in found if one}.values())
    if not mailboxes:
        raise NotPossibleError(
            f"{mail.name}: cannot be shown: none of its recipients is a mailbox here: "
            "name one with --mailbox",
            Exit.NOT_FINE,
        )
    return mailboxes


def _chosen(center: ContactCenter, address: str) -> Mailbox:
    if mailbox := center.mailbox_for(address):
        return mailbox
    raise NotPossibleError(
        f"{storable(address, _LONGEST)} is no mailbox here: name another with --mailbox",
        Exit.NOT_FINE,
    )


def _screening(
    center: ContactCenter, mail: Mail, parsed: ParsedMail, mailbox: Mailbox
) -> Screening:
    return screened(center.screening_of(mailbox), _facts(center, mail, parsed, mailbox))


def _facts(center: ContactCenter, mail: Mail, parsed: ParsedMail, mailbox: Mailbox) -> ScreenedMail:
    sender = parsed.from_[0].address if parsed.from_ else mail.sender
    verdict = sender_verdict(parsed.authentication, center.trusted_authentication, sender)
    return ScreenedMail(
        MailTexts(parsed, mail.raw),
        mailbox.address,
        verdict.authenticated,
        is_contact_known=was_known(mail.contact, _came_at(mail)),
        contact_groups=mail.contact.groups if mail.contact else (),
        way=mail.way,
        open_hours=open_names(center.hours, _came_at(mail)),
    )


def _acknowledged(
    center: ContactCenter, mail: Mail, parsed: ParsedMail, mailbox: Mailbox, screening: Screening
) -> str:
    facts = _facts(center, mail, parsed, mailbox)
    reason = reason_against(
        facts,
        screening,
        sender=mail.sender,
        mailbox=mailbox,
        center=center,
        # Whether it goes on with a conversation depends on the mails that are here already.
        begins_thread=True,
        now=_came_at(mail),
    )
    if _is_blocked(mail.contact):
        reason = reason or "nobody is offered it"
    if reason:
        return f"it would not be acknowledged: {reason}"
    wanted = mailbox.acknowledgement
    template = screening.template or (wanted.template_at(facts.open_hours) if wanted else "")
    words = f" with template {template}" if template else ""
    return f"it would be acknowledged to <{mail.sender}>{words}, if it begins a conversation"


def _outcome(screening: Screening, mailbox: Mailbox, contact: Contact | None) -> str:
    if screening.discard is not None:
        return f"it would be completed at once as discarded ({screening.discard})"
    if _is_blocked(contact):
        return "it would be completed at once: its contact is blocked"
    words = f"it would wait in queue {screening.queue or mailbox.queue}"
    if screening.priority:
        words += f" with priority {screening.priority:+d}"
    if screening.needs:
        needs = " and ".join(f"{skill} >= {level}" for skill, level in screening.needs.items())
        words += f" for an agent with {needs}"
    return words


def _came_at(mail: Mail) -> datetime:
    """Return when a mail came; a file comes now."""
    return mail.received_at or SystemClock().now()


def _is_blocked(contact: Contact | None) -> bool:
    return contact is not None and contact.is_blocked
