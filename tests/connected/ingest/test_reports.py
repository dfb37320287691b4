"""Reports on sent mail: matched, completed, told to the author."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock

import pytest

from services.ingest.arrival_parser import _messages_about
from services.ingest.screening import Screened
from shared.contracts.commands import ParseMail
from shared.contracts.description.report_rules import ReportRules
from shared.contracts.events import DeliveryReported, InteractionReceived
from shared.domain.deliveries.bounce_tokens import bounce_token, with_token
from shared.domain.deliveries.delivery import RecipientState
from shared.domain.deliveries.delivery_report import (
    DeliveryReport,
    MatchedBy,
    reported_recipients,
)
from shared.domain.errors import Unavailable
from shared.domain.ids import new_id
from shared.domain.interaction import Address, Email, Interaction
from shared.domain.lifecycle import Direction, State
from shared.storage.database.client import UnstorableError
from shared.storage.mails.delivery_documents import to_document
from shared.storage.mails.delivery_store import DeliveryStore, new_delivery
from shared.storage.mails.report_store import ReportStore
from tests.support.backend import CENTER, Backend, cause
from tests.support.ingest import KEY, Ingest, envelope
from tests.support.reports.letters import LETTERS
from tests.support.reports.machine_reports import MACHINE_REPORTS

pytestmark = pytest.mark.connected

OURS = "<5ecre7.1@demo.example>"
DAEMON = b"From: MAILER-DAEMON@mx.example\r\nTo: support@demo.example\r\n"


async def sent(backend: Backend, *to: str, **fields: Any) -> Interaction:
    """Store a mail that left, with its delivery and its token."""
    recipients = to or ("gone@example.net",)
    mail = await backend.add_mail(
        id=new_id(),
        direction=Direction.OUTBOUND,
        subtype="OutboundReply",
        state=fields.get("state", State.SENT),
        owner_id="agent1",
        mail=Email(
            to=tuple(map(Address, recipients)), message_id=OURS, subject=fields.get("subject", "")
        ),
    )
    delivery = new_delivery(
        interaction_id=mail.id,
        agent_id="agent1",
        message_id=OURS,
        sender="support@demo.example",
        recipients=recipients,
        now=backend.clock.now(),
    )
    document = to_document(delivery) | {"state": "SENT", "token": bounce_token(KEY, mail.id)}
    await backend.database["deliveries"].insert_one(document | {"outbox": [], "raw": b""})
    return mail


def dsn(
    address: str = "gone@example.net", *fields: str, returned: str = "", headers: bytes = b""
) -> bytes:
    """Return a delivery report; `returned` is the Message-ID in text/rfc822-headers."""
    block = "\r\n".join((f"Final-Recipient: rfc822; {address}", "Action: failed", *fields))
    back = (
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {returned}\r\n\r\n"
        if returned
        else ""
    )
    return (
        DAEMON
        + headers
        + b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        + f"--b\r\n\r\nNot delivered\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.example\r\n\r\n{block}\r\n\r\n{back}--b--\r\n".encode()
    )


async def came(
    backend: Backend,
    ingest: Ingest,
    raw: bytes,
    *,
    sender: str = "",
    to: str = "support@demo.example",
) -> Interaction:
    """Return the interaction of a report that arrives for one recipient."""
    addressed = replace(envelope(sender=sender), recipients=(to,))
    arrival_id = await ingest.arrivals.add(raw, addressed)
    await ingest.parsing.parse(ParseMail(arrival_id=arrival_id), cause())
    found = await backend.database["interactions"].find_one({"arrival_id": arrival_id})
    assert found
    return await backend.interactions.get(found["_id"])


async def matched_by(backend: Backend, mail: Interaction) -> list[MatchedBy]:
    return [one.matched_by for one in await ReportStore(backend.database).on(mail.id)]


async def test_a_report_is_completed_and_told_to_the_author(
    backend: Backend, ingest: Ingest
) -> None:
    mail = await sent(backend)
    backend.take_events()

    child = await came(backend, ingest, dsn(returned=OURS))

    assert (child.state, child.subtype, child.owner_id) == (State.COMPLETED, "InboundNDR", "agent1")
    assert child.parent_id == mail.id
    assert child.user_data["_ReportMatchedBy"] == "returned-mail"
    assert child.user_data["_ReportProof"] == "not proven"
    told = await backend.next_event(DeliveryReported)
    assert (told.interaction_id, told.agent_id, told.kind) == (mail.id, "agent1", "failed")
    assert told.reason == "gone@example.net: failed 5.0.0 (not proven)"
    assert (await backend.interactions.get(mail.id)).state is State.SENT


@pytest.mark.parametrize(("offered_to", "told"), [("nobody", False), ("queue", True)])
async def test_routing_hears_of_a_report_only_if_it_is_offered(
    backend: Backend, ingest: Ingest, offered_to: Any, told: bool
) -> None:
    rules = ReportRules(failed=offered_to)
    await backend.configuration.write(CENTER.model_copy(update={"reports": rules}))
    await sent(backend)

    child = await came(backend, ingest, dsn(returned=OURS))

    announced = _messages_about(Screened(child), await ingest.arrivals.get(child.arrival_id or ""))
    assert any(isinstance(one, InteractionReceived) for one in announced) is told


@pytest.mark.parametrize("form", ["recipient", "To", "Delivered-To"])
async def test_a_token_in_the_bounce_address_is_a_proof(
    backend: Backend, ingest: Ingest, form: str
) -> None:
    mail = await sent(backend)
    address = f"support+{bounce_token(KEY, mail.id).upper()}@demo.example"
    to = address if form == "recipient" else "support@demo.example"
    header = b"" if form == "recipient" else f"{form}: {address}\r\n".encode()

    child = await came(backend, ingest, dsn(headers=header), to=to)

    assert await matched_by(backend, mail) == [MatchedBy.TOKEN]
    assert child.user_data["_ReportProof"] == "proven"
    assert (child.parent_id, child.thread_id) == (mail.id, mail.thread_id or mail.id)


async def test_an_envelope_id_is_a_proof(backend: Backend, ingest: Ingest) -> None:
    mail = await sent(backend)
    raw = dsn().replace(
        b"Reporting-MTA",
        b"Original-Envelope-Id: " + bounce_token(KEY, mail.id).encode() + b"\r\nReporting-MTA",
        1,
    )

    await came(backend, ingest, raw)

    assert await matched_by(backend, mail) == [MatchedBy.ENVELOPE_ID]


async def test_a_token_of_another_key_proves_nothing(backend: Backend, ingest: Ingest) -> None:
    mail = await sent(backend, "somebody@else.example")
    forged = bounce_token("another key", mail.id)
    await backend.database["deliveries"].update_one({"_id": mail.id}, {"$set": {"token": forged}})

    child = await came(backend, ingest, dsn(), to=f"support+{forged}@demo.example")

    assert await matched_by(backend, mail) == []
    assert child.state is State.QUEUED


@pytest.mark.parametrize("name", ["In-Reply-To", "References"])
async def test_a_report_is_matched_by_the_mail_it_answers(
    backend: Backend, ingest: Ingest, name: str
) -> None:
    mail = await sent(backend)

    child = await came(backend, ingest, dsn(headers=f"{name}: {OURS}\r\n".encode()))

    assert await matched_by(backend, mail) == [MatchedBy.REFERENCES]
    assert child.state is State.COMPLETED


async def test_written_mail_is_found_behind_automatic_mails(
    backend: Backend, ingest: Ingest
) -> None:
    mail = await sent(backend)
    document = await backend.database["deliveries"].find_one_and_delete({"_id": mail.id})
    assert document
    automatic = [
        document | {"_id": f"automatic{number}", "sender": "", "token": f"token{number}"}
        for number in range(60)
    ]
    await backend.database["deliveries"].insert_many([*automatic, document])

    await came(backend, ingest, dsn("GONE@example.net"))

    assert await matched_by(backend, mail) == [MatchedBy.RECIPIENT]


async def test_the_only_recent_mail_to_a_recipient_is_meant(
    backend: Backend, ingest: Ingest
) -> None:
    mail = await sent(backend)

    child = await came(backend, ingest, dsn("GONE@example.net"))

    assert await matched_by(backend, mail) == [MatchedBy.RECIPIENT]
    assert (child.parent_id, child.thread_id) == (mail.id, child.id)


async def test_report_that_fits_two_mails_is_about_neither(
    backend: Backend, ingest: Ingest
) -> None:
    await sent(backend)
    await sent(backend)

    child = await came(backend, ingest, dsn())

    assert (child.state, child.subtype) == (State.QUEUED, "InboundNDR")
    assert child.user_data["_Report"] == "failed"


async def test_an_old_mail_to_a_recipient_is_not_meant(backend: Backend, ingest: Ingest) -> None:
    await sent(backend)
    backend.clock.move(timedelta(days=6))

    child = await came(backend, ingest, dsn())

    assert child.state is State.QUEUED


async def test_a_report_with_a_sender_needs_our_token(backend: Backend, ingest: Ingest) -> None:
    mail = await sent(backend)

    claim = await came(backend, ingest, dsn(returned=OURS), sender="thief@example.org")
    proof = await came(
        backend,
        ingest,
        dsn(headers=b"X: 2\r\n"),
        sender="postmaster@broken.example",
        to=f"support+{bounce_token(KEY, mail.id)}@demo.example",
    )

    assert (claim.state, proof.state) == (State.QUEUED, State.COMPLETED)


async def test_a_report_on_a_foreign_mail_waits_in_the_queue(
    backend: Backend, ingest: Ingest
) -> None:
    child = await came(backend, ingest, dsn(returned="<other@installation.example>"))

    assert (child.state, child.queue, child.parent_id) == (State.QUEUED, "support", None)


async def test_report_on_a_mail_of_another_installation_is_not_ours(
    backend: Backend, ingest: Ingest
) -> None:
    """Its token and envelope id are of the same form as ours, and its key is another one."""
    mail = await sent(backend)
    theirs = bounce_token("the key of the other installation", mail.id)
    report = dsn(
        "someone@example.net",
        returned="<5ecre7.1@other.example>",
        headers=f"X-Original-To: support+{theirs}@demo.example\r\n".encode(),
    ).replace(b"Reporting-MTA:", f"Original-Envelope-Id: {theirs}\r\nReporting-MTA:".encode())

    child = await came(backend, ingest, report, to=f"support+{theirs}@demo.example")

    assert (child.state, child.queue, child.parent_id) == (State.QUEUED, "support", None)
    assert "_ReportMatchedBy" not in child.user_data
    assert await ReportStore(backend.database).on(mail.id) == []


async def test_a_note_of_an_absent_customer_rings_nobody(backend: Backend, ingest: Ingest) -> None:
    mail = await sent(backend, "ann@example.org")
    note = (
        b"From: Ann <ann@example.org>\r\nTo: support@demo.example\r\nSubject: Away\r\n"
        b"Auto-Submitted: auto-replied\r\nIn-Reply-To: " + OURS.encode() + b"\r\n\r\nBack soon"
    )

    child = await came(backend, ingest, note)

    assert (child.state, child.subtype, child.parent_id) == (
        State.COMPLETED,
        "InboundReport",
        mail.id,
    )


@pytest.mark.parametrize(
    ("subject", "state"),
    [
        ("Out of Office AutoReply: Your order", State.COMPLETED),
        ("Out of Office AutoReply: RE: Your  order", State.COMPLETED),
        ("Out of Office AutoReply: My order", State.QUEUED),
        ("Out of office: when can you deliver?", State.QUEUED),
    ],
)
async def test_unmarked_note_that_repeats_our_subject_rings_nobody(
    backend: Backend, ingest: Ingest, subject: str, state: State
) -> None:
    await sent(backend, "ann@example.org", subject="Your order")
    note = f"From: ann@example.org\r\nSubject: {subject}\r\nIn-Reply-To: {OURS}\r\n\r\nAway"

    child = await came(backend, ingest, note.encode(), sender="ann@example.org")

    assert child.state is state


@pytest.mark.parametrize(("offered_to", "preferred"), [("author", "agent1"), ("queue", None)])
async def test_a_rule_says_who_is_offered_a_report(
    backend: Backend, ingest: Ingest, offered_to: Any, preferred: str | None
) -> None:
    rules = ReportRules(failed=offered_to)
    await backend.configuration.write(CENTER.model_copy(update={"reports": rules}))
    mail = await sent(backend)

    child = await came(backend, ingest, dsn(returned=OURS))

    assert (child.state, child.preferred_id, child.parent_id) == (State.QUEUED, preferred, mail.id)


async def test_a_report_that_is_read_twice_is_one(backend: Backend, ingest: Ingest) -> None:
    mail = await sent(backend)
    arrival_id = await ingest.arrivals.add(dsn(returned=OURS), envelope())
    order = cause()

    for _ in range(3):
        await ingest.parsing.parse(ParseMail(arrival_id=arrival_id), order)

    assert len(await matched_by(backend, mail)) == 1
    assert (await backend.interactions.get(mail.id)).version == mail.version + 1
    found = await backend.database["interactions"].count_documents({"arrival_id": arrival_id})
    assert found == 1


async def test_report_that_comes_twice_is_told_once(backend: Backend, ingest: Ingest) -> None:
    mail = await sent(backend)
    first = await came(backend, ingest, dsn(returned=OURS))

    for _ in range(2):
        arrival_id = await ingest.arrivals.add(dsn(returned=OURS), envelope(sender=""))
        order = cause()
        for _ in range(2):
            await ingest.parsing.parse(ParseMail(arrival_id=arrival_id), order)

    assert [one.id for one in await ReportStore(backend.database).on(mail.id)] == [first.arrival_id]
    assert (await backend.interactions.get(mail.id)).version == mail.version + 1


@pytest.mark.parametrize("named", [OURS, ""], ids=["a claim", "unmatched"])
async def test_proof_of_a_copy_belongs_to_the_first_report(
    backend: Backend, ingest: Ingest, named: str
) -> None:
    mail = await sent(backend, "somebody@else.example")
    raw = dsn(returned=named)
    first = await came(backend, ingest, raw)
    backend.take_events()
    proof = with_token("support@demo.example", bounce_token(KEY, mail.id))
    copy = await ingest.arrivals.add(raw, replace(envelope(sender=""), recipients=(proof,)))
    order = cause()

    for _ in range(2):
        await ingest.parsing.parse(ParseMail(arrival_id=copy), order)

    (report,) = await ReportStore(backend.database).on(mail.id)
    assert (report.id, report.interaction_id) == (first.arrival_id, first.id)
    assert report.is_proven
    shown = await backend.interactions.get(first.id)
    assert (shown.user_data["_ReportProof"], shown.parent_id) == ("proven", mail.id)
    told = await backend.next_event(DeliveryReported)
    assert "not proven" not in told.reason
    changes = 1 + bool(named)  # the claim was told as well
    assert (await backend.interactions.get(mail.id)).version == mail.version + changes


async def test_proven_copy_of_a_disowned_report_changes_nothing(
    backend: Backend, ingest: Ingest
) -> None:
    mail = await sent(backend)
    raw = dsn(returned=OURS)
    first = await came(backend, ingest, raw)
    await backend.database["interactions"].update_one(
        {"_id": first.id}, {"$unset": {"user_data._Report": "", "user_data._ReportProof": ""}}
    )
    await ReportStore(backend.database).remove(first.arrival_id or "")
    proof = with_token("support@demo.example", bounce_token(KEY, mail.id))
    copy = await ingest.arrivals.add(raw, replace(envelope(sender=""), recipients=(proof,)))

    await ingest.parsing.parse(ParseMail(arrival_id=copy), cause())

    assert await ReportStore(backend.database).on(mail.id) == []


@pytest.mark.parametrize("is_cut_off", [False, True])
async def test_report_that_is_disowned_while_it_is_proven_goes(
    backend: Backend, ingest: Ingest, monkeypatch: pytest.MonkeyPatch, *, is_cut_off: bool
) -> None:
    mail = await sent(backend)
    raw = dsn(returned=OURS)
    first = await came(backend, ingest, raw)
    proof = with_token("support@demo.example", bounce_token(KEY, mail.id))
    copy = await ingest.arrivals.add(raw, replace(envelope(sender=""), recipients=(proof,)))
    order, prove, remove = cause(), ReportStore.prove, ReportStore.remove
    disowned = "user_data._Report", "user_data._ReportProof"

    async def prove_late(store: ReportStore, report: DeliveryReport) -> None:
        await backend.database["interactions"].update_one(
            {"_id": first.id}, {"$unset": dict.fromkeys(disowned, ""), "$inc": {"version": 1}}
        )
        await remove(store, report.id)
        await prove(store, report)

    async def die(_store: ReportStore, _arrival_id: str) -> None:
        raise Unavailable("the process died")

    monkeypatch.setattr(ReportStore, "prove", prove_late)
    if is_cut_off:
        monkeypatch.setattr(ReportStore, "remove", die)
        with pytest.raises(Unavailable):
            await ingest.parsing.parse(ParseMail(arrival_id=copy), order)
        monkeypatch.undo()
    await ingest.parsing.parse(ParseMail(arrival_id=copy), order)

    assert await ReportStore(backend.database).on(mail.id) == []
    released = await backend.interactions.get(first.id)
    assert (released.version, released.parent_id) == (first.version + 1, first.parent_id)


async def test_flood_of_claims_does_not_hide_a_proven_report(backend: Backend) -> None:
    reports, now = ReportStore(backend.database), backend.clock.now()
    proven = DeliveryReport("a", "failed", "i", "sent", MatchedBy.TOKEN, (), now)
    await reports.add(proven)
    for number in range(60):
        at = now + timedelta(seconds=number + 1)
        claim = replace(proven, id=f"b{number:02}", matched_by=MatchedBy.RETURNED_MAIL, at=at)
        await reports.add(claim)

    shown = await reports.on("sent")

    assert len(shown) == 50
    assert shown[0] == proven
    assert [one.id for one in shown[1:]] == [f"b{number}" for number in range(11, 60)]


async def test_bounce_of_one_recipient_settles_no_other(backend: Backend, ingest: Ingest) -> None:
    mail = await sent(backend, "a@example.net", "b@example.net", "c@example.net")
    to = with_token("support@demo.example", bounce_token(KEY, mail.id))

    await came(backend, ingest, dsn("elsewhere@example.com"), to=to)
    await came(backend, ingest, dsn("b@example.net"), to=to)

    delivery = await DeliveryStore(backend.database, backend.clock, AsyncMock()).get(mail.id)
    assert delivery
    reports = await ReportStore(backend.database).on(mail.id)
    shown = reported_recipients(delivery, reports)
    assert len(reports) == 2
    assert [one.address for one in shown if one.state is RecipientState.BOUNCED] == [
        "b@example.net"
    ]


@pytest.mark.parametrize("state", [State.SENDING, State.UNCERTAIN])
async def test_a_report_may_come_before_the_end_of_sending(
    backend: Backend, ingest: Ingest, state: State
) -> None:
    mail = await sent(backend, state=state)

    await came(backend, ingest, dsn(returned=OURS))

    assert (await backend.interactions.get(mail.id)).state is state
    assert (await backend.next_event(DeliveryReported)).interaction_id == mail.id


AWAY = b"From: Ann <ann@example.org>\r\nTo: support@demo.example\r\nSubject: Away\r\n"
REPLIED = AWAY + b"Auto-Submitted: auto-replied\r\n\r\nBack soon"


def part_report(report_type: str, fields: str) -> bytes:
    """Return a report of a reader's program or provider, with its part for machines."""
    return (
        AWAY
        + f"Content-Type: multipart/report; report-type={report_type}; boundary=b\r\n\r\n"
        f"--b\r\n\r\nAbout your mail\r\n--b\r\nContent-Type: message/{report_type}\r\n\r\n"
        f"{fields}\r\n\r\n--b--\r\n".encode()
    )


RECEIPT = part_report(
    "disposition-notification", "Final-Recipient: rfc822; ann@example.org\r\nDisposition: displayed"
)
COMPLAINT = part_report("feedback-report", "Feedback-Type: abuse\r\nVersion: 1")
UNMATCHED = {
    "delayed": (dsn().replace(b"Action: failed", b"Action: delayed"), ""),
    "delivered": (dsn().replace(b"Action: failed", b"Action: delivered"), ""),
    "relayed": (dsn().replace(b"Action: failed", b"Action: relayed"), ""),
    "receipt": (RECEIPT, "ann@example.org"),
    "complaint": (COMPLAINT, "feedback@provider.example"),
    "out-of-office": (REPLIED, "ann@example.org"),
}


@pytest.mark.parametrize("kind", UNMATCHED)
async def test_a_report_on_no_mail_of_ours_rings_nobody(
    backend: Backend, ingest: Ingest, kind: str
) -> None:
    raw, sender = UNMATCHED[kind]

    child = await came(backend, ingest, raw, sender=sender)

    subtype = "InboundNDR" if sender == "" else "InboundReport"
    assert (child.state, child.subtype, child.owner_id) == (State.COMPLETED, subtype, None)
    assert (child.user_data["_Report"], child.thread_id) == (kind, child.id)
    announced = _messages_about(Screened(child), await ingest.arrivals.get(child.arrival_id or ""))
    assert not any(isinstance(one, InteractionReceived) for one in announced)


@pytest.mark.parametrize("offered_to", ["author", "queue"])
async def test_a_rule_offers_reports_on_no_mail_of_ours(
    backend: Backend, ingest: Ingest, offered_to: Any
) -> None:
    rules = ReportRules(out_of_office=offered_to)
    await backend.configuration.write(CENTER.model_copy(update={"reports": rules}))

    child = await came(backend, ingest, REPLIED, sender="ann@example.org")

    assert (child.state, child.subtype, child.preferred_id) == (
        State.QUEUED,
        "InboundReport",
        None,
    )


async def test_a_customers_note_of_absence_is_in_their_thread(
    backend: Backend, ingest: Ingest
) -> None:
    asked = b"Message-ID: <asked@example.org>\r\n" + AWAY + b"\r\nWhere is it?"
    first = await came(backend, ingest, asked, sender="ann@example.org")
    note = b"References: <asked@example.org>\r\n" + REPLIED

    child = await came(backend, ingest, note, sender="ann@example.org")

    assert (child.state, child.thread_id, child.contact_id) == (
        State.COMPLETED,
        first.id,
        first.contact_id,
    )


@pytest.mark.parametrize(
    ("raw", "sender"),
    [
        (AWAY.replace(b"Away", b"Out of office: who helps me?") + b"\r\nHi", "ann@example.org"),
        (
            AWAY.replace(b"Away", b"Vacation in May") + b"Auto-Submitted: auto-generated\r\n\r\nHi",
            "form@demo.example",
        ),
        (
            AWAY.replace(b"Away", b"Delayed parcel") + b"\r\nI am bo@example.org, it is delayed.",
            "",
        ),
        (UNMATCHED["delayed"][0], "thief@example.org"),
        (RECEIPT.replace(b"multipart/report", b"multipart/mixed"), "ann@example.org"),
    ],
    ids=["subject alone", "form", "form without sender", "claimed report", "receipt passed on"],
)
async def test_mail_that_a_person_may_have_written_rings(
    backend: Backend, ingest: Ingest, raw: bytes, sender: str
) -> None:
    child = await came(backend, ingest, raw, sender=sender)

    assert child.state is State.QUEUED


async def test_answer_that_may_be_a_persons_is_offered_to_its_author(
    backend: Backend, ingest: Ingest
) -> None:
    mail = await sent(backend)
    answer = f"In-Reply-To: {OURS}\r\nAuto-Submitted: auto-generated\r\n\r\nHi".encode()

    child = await came(
        backend,
        ingest,
        AWAY.replace(b"Away", b"Vacation in May") + answer,
        sender="gone@example.net",
    )

    assert (child.parent_id, child.state) == (mail.id, State.QUEUED)
    assert child.preferred_id == "agent1"


async def test_a_report_that_cannot_be_stored_whole_stays_one(
    backend: Backend, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    add, faults = backend.interactions.add, [UnstorableError("too large")]

    async def refuse_once(*stored: Any, **options: Any) -> bool:
        if faults:
            raise faults.pop()
        return await add(*stored, **options)

    monkeypatch.setattr(backend.interactions, "add", refuse_once)

    child = await came(backend, ingest, REPLIED, sender="ann@example.org")

    assert child.mail.warnings == ("unparsed",)
    assert (child.state, child.subtype, child.user_data["_Report"]) == (
        State.COMPLETED,
        "InboundReport",
        "out-of-office",
    )


async def test_every_report_to_a_token_is_matched_to_its_mail(
    backend: Backend, ingest: Ingest
) -> None:
    reports = [one for one in (*LETTERS, *MACHINE_REPORTS) if one.kind]
    mails = await asyncio.gather(*(sent(backend) for _ in reports))
    tokens = [bounce_token(KEY, mail.id) for mail in mails]

    came_back = await asyncio.gather(
        *(
            came(backend, ingest, one.raw, to=with_token("support@demo.example", token))
            for one, token in zip(reports, tokens, strict=True)
        )
    )

    wrong = {
        one.name: found.parent_id
        for one, found, mail in zip(reports, came_back, mails, strict=True)
        if found.parent_id != mail.id
    }
    assert wrong == {}
