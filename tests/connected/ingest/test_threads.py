"""Which arriving mail joins a conversation."""

from datetime import timedelta

import pytest

from shared.contracts.commands import ParseMail
from shared.domain.interaction import Address, Email, Interaction
from shared.domain.lifecycle import Direction, State
from shared.domain.mail_envelope import MailEnvelope, Way
from shared.mail.threads import ClaimedSender
from shared.mail.warnings import OTHER_SENDER
from shared.storage.configuration_store import KEPT_FOR
from shared.storage.interactions.thread_store import ThreadStore
from tests.connected.ingest.test_parsing import parsed
from tests.connected.plans import Plan, plans_of
from tests.support.backend import CENTER, Backend, cause
from tests.support.ingest import MAIL, Ingest

pytestmark = pytest.mark.connected

BOUNCE = (
    b"From: MAILER-DAEMON@example.net\r\nTo: support@demo.example\r\nIn-Reply-To: %s\r\n"
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
    b"--b\r\n\r\nNot delivered\r\n"
    b"--b\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n--b--\r\n"
)
OURS = b"<5ecre7.1@demo.example>"


async def root(backend: Backend, ingest: Ingest) -> Interaction:
    (mail,) = await parsed(backend, ingest, b"Message-ID: <1@x>\r\n" + MAIL)
    return mail


async def answered(backend: Backend, ingest: Ingest, *to: str, **fields: object) -> Interaction:
    """Store a mail of Ann and what an agent sent after it; return the latter."""
    original = await root(backend, ingest)
    return await backend.add_mail(
        **{
            "direction": Direction.OUTBOUND,
            "subtype": "OutboundReply",
            "state": State.SENT,
            "parent_id": original.id,
            "thread_id": original.id,
            "branches": original.readable_branches,
            "mail": Email(to=tuple(map(Address, to)), message_id=OURS.decode()),
        }
        | fields
    )


def from_(sender: bytes, *headers: bytes) -> bytes:
    return b"".join(headers) + MAIL.replace(b"ann@example.org", sender)


async def test_an_answer_to_our_mail_stays_in_its_branch(backend: Backend, ingest: Ingest) -> None:
    ours = await answered(backend, ingest, "ann@example.org")

    (back,) = await parsed(
        backend, ingest, from_(b"Ann+home@Example.org", b"In-Reply-To: " + OURS + b"\r\n")
    )

    assert (back.parent_id, back.thread_id) == (ours.id, ours.thread_id)
    assert back.branches == (ours.thread_id,)
    assert back.subtype == "InboundCustomerReply"


@pytest.mark.parametrize("named", [OURS, b"<1@x>"])
async def test_an_answer_from_another_address_begins_a_thread(
    backend: Backend, ingest: Ingest, named: bytes
) -> None:
    await answered(backend, ingest, "ann@example.org")

    (other,) = await parsed(
        backend, ingest, from_(b"thief@example.org", b"In-Reply-To: " + named + b"\r\n")
    )

    assert (other.parent_id, other.thread_id, other.branches) == (None, other.id, ())
    assert other.subtype == "InboundNew"


async def test_a_second_from_or_a_sender_header_proves_nothing(
    backend: Backend, ingest: Ingest
) -> None:
    await root(backend, ingest)
    headers = b"In-Reply-To: <1@x>\r\nSender: ann@example.org\r\n"

    (other,) = await parsed(
        backend, ingest, from_(b"thief@example.org, ann@example.org", headers, b"X: y\r\n")
    )

    assert other.mail.sender == Address("thief@example.org")
    assert other.thread_id == other.id


async def test_proving_id_among_others_suffices(backend: Backend, ingest: Ingest) -> None:
    ours = await answered(backend, ingest, "bo@example.org")
    references = b"References: <1@x> <unknown@x> " + OURS + b"\r\n"

    (back,) = await parsed(backend, ingest, from_(b"ann@example.org", references))

    assert (back.parent_id, back.thread_id) == (ours.thread_id, ours.thread_id)
    assert back.branches == (ours.thread_id, back.id)


async def test_a_delivery_report_joins_by_an_id_of_ours(backend: Backend, ingest: Ingest) -> None:
    ours = await answered(backend, ingest, "ann@example.org")

    (report,) = await parsed(backend, ingest, BOUNCE % OURS, sender="")
    (claim,) = await parsed(backend, ingest, BOUNCE % OURS + b"x", sender="thief@example.org")
    (other,) = await parsed(backend, ingest, BOUNCE % b"<1@x>", sender="")

    assert (report.subtype, report.parent_id) == ("InboundNDR", ours.id)
    assert (claim.thread_id, other.thread_id) == (claim.id, other.id)


RETURNED = b"From: support@demo.example\r\nMessage-ID: " + OURS + b"\r\n\r\nHello\r\n"
STATUS = (
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
    b"Final-Recipient: rfc822; gone@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"
)


def returning(kind: bytes, returned: bytes) -> bytes:
    """Return a report that names our mail only in what came back of it."""
    return (
        b"From: MAILER-DAEMON@example.net\r\nTo: support@demo.example\r\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        b"--b\r\n\r\nNot delivered\r\n--b\r\n"
        + STATUS
        + b"--b\r\nContent-Type: "
        + kind
        + b"\r\n\r\n"
        + returned
        + b"--b--\r\n"
    )


@pytest.mark.parametrize(
    "report",
    [
        returning(b"message/rfc822", RETURNED),
        returning(b"text/rfc822-headers", RETURNED),
        returning(
            b"multipart/mixed; boundary=c",
            b"--c\r\nContent-Type: message/rfc822\r\n\r\n" + RETURNED + b"--c--\r\n",
        ),
        b"From: MAILER-DAEMON@example.net\r\n\r\n<gone@example.net>:\r\n550 5.1.1 no such user"
        b"\r\n\r\n" + RETURNED,
    ],
    ids=["mail", "headers", "deeper", "words alone"],
)
@pytest.mark.parametrize("sender", ["", "<>"])
async def test_a_delivery_report_joins_the_mail_that_came_back(
    backend: Backend, ingest: Ingest, report: bytes, sender: str
) -> None:
    ours = await answered(backend, ingest, "gone@example.net")

    (read,) = await parsed(backend, ingest, report, sender=sender)

    assert (read.subtype, read.parent_id, read.thread_id) == (
        "InboundNDR",
        ours.id,
        ours.thread_id,
    )
    assert read.mail.in_reply_to == OURS.decode()
    assert read.user_data["_Report"] == "failed"
    assert read.user_data["_ReportedRecipients"] == "gone@example.net (5.1.1)"


async def test_a_delivery_report_on_a_foreign_mail_is_one_all_the_same(
    backend: Backend, ingest: Ingest
) -> None:
    report = returning(b"message/rfc822", RETURNED)

    (read,) = await parsed(backend, ingest, report, sender="")
    (claim,) = await parsed(backend, ingest, report + b"x", sender="thief@example.org")

    assert (read.subtype, read.parent_id) == ("InboundNDR", None)
    assert (claim.subtype, claim.parent_id) == ("InboundNew", None)


async def test_forwarded_report_joins_no_thread(backend: Backend, ingest: Ingest) -> None:
    ours = await answered(backend, ingest, "ann@example.org")

    (claim,) = await parsed(
        backend, ingest, returning(b"message/rfc822", RETURNED), sender="thief@example.org"
    )

    assert claim.thread_id != ours.thread_id


@pytest.mark.parametrize(
    ("state", "joins"), [(State.SENT, True), (State.UNCERTAIN, True), (State.REPLY_CREATED, False)]
)
async def test_reply_to_a_redirect_joins_by_message_id(
    backend: Backend, ingest: Ingest, state: State, joins: bool
) -> None:
    ours = await answered(
        backend, ingest, "expert@example.net", subtype="OutboundRedirect", state=state
    )

    (back,) = await parsed(backend, ingest, from_(b"expert@example.net", b"In-Reply-To: <1@x>\r\n"))

    assert (back.thread_id == ours.thread_id) is joins


async def test_named_mails_are_found_by_index_however_many_there_are(
    backend: Backend, ingest: Ingest
) -> None:
    for number in range(40):
        await backend.add_mail(mail=Email(message_id=f"<{number}@elsewhere>"))
    ours = await answered(
        backend, ingest, "expert@example.net", subtype="OutboundRedirect", state=State.SENT
    )

    async with plans_of(backend.database, "interactions") as plans:
        store = ThreadStore(backend.database)
        named = await store.named(["<1@x>", "<unknown@x>"])
        proven = await store.proven(ClaimedSender("expert@example.net"), named)

    assert [one.id for one in proven] == [ours.parent_id]
    assert plans == [
        Plan("IXSCAN { mail.message_id: 1, mailbox: 1 }", 1, 1),
        Plan("IXSCAN { parent_id: 1, changed_at: 1 }", 1, 1),
    ]


async def test_repeated_message_id_reads_at_most_500_mails(
    backend: Backend, ingest: Ingest
) -> None:
    original = await root(backend, ingest)
    sender = {"address": "flood@example.org", "personal": ""}
    document = await backend.database["interactions"].find_one({"_id": original.id})
    assert document is not None
    document["mail"]["sender"] = sender
    del document["arrival_key"]
    await backend.database["interactions"].insert_many(
        [document | {"_id": f"flood{number}"} for number in range(600)]
    )

    named = await ThreadStore(backend.database).named(["<1@x>"])

    assert len(named) == 500
    assert named[0].id == original.id


TOKEN = "abcdefghij234567"
TAGGED = f"support+{TOKEN}@demo.example".encode()


async def answered_with_token(backend: Backend, ingest: Ingest) -> Interaction:
    """Store a mail of Ann and an answer that asks for its own answers at a secret address."""
    mail = Email(to=(Address("ann@example.org"),), message_id=OURS.decode(), thread_token=TOKEN)
    return await answered(backend, ingest, mail=mail, owner_id="agent1")


def to_(recipient: bytes, *headers: bytes, sender: bytes = b"ann@work.example") -> bytes:
    """Return a mail with cut References from another address."""
    return from_(sender, *headers).replace(b"support@demo.example", recipient)


@pytest.mark.parametrize("recipient", [TAGGED, TAGGED.upper()])
async def test_mail_to_a_token_joins_its_thread(
    backend: Backend, ingest: Ingest, recipient: bytes
) -> None:
    ours = await answered_with_token(backend, ingest)

    (back,) = await parsed(backend, ingest, to_(recipient))

    assert (back.parent_id, back.thread_id) == (ours.id, ours.thread_id)
    assert (back.subtype, back.preferred_id) == ("InboundCustomerReply", "agent1")
    assert OTHER_SENDER in back.mail.warnings


async def test_a_token_of_the_envelope_counts(backend: Backend, ingest: Ingest) -> None:
    ours = await answered_with_token(backend, ingest)
    name = TAGGED.decode()
    envelope = MailEnvelope(Way.SMTP, "", ("support@demo.example",), "192.0.2.1", (name,))
    arrival_id = await ingest.arrivals.add(from_(b"ann@example.org"), envelope)

    await ingest.parsing.parse(ParseMail(arrival_id=arrival_id), cause())

    back = await backend.database["interactions"].find_one({"arrival_id": arrival_id}) or {}
    assert (back["thread_id"], back["mail"]["warnings"]) == (ours.thread_id, [])


async def test_a_token_is_shown_to_nobody(backend: Backend, ingest: Ingest) -> None:
    await answered_with_token(backend, ingest)

    (back,) = await parsed(backend, ingest, to_(TAGGED, b"Cc: x <" + TAGGED + b">\r\n"))

    assert {one.address for one in (*back.mail.to, *back.mail.cc)} == {"support@demo.example"}
    assert TOKEN not in str(back)


@pytest.mark.parametrize(
    ("recipient", "headers"),
    [
        (b"support+abcdefghij234566@demo.example", ()),
        (b"support+" + TOKEN[:-1].encode() + b"@demo.example", ()),
        (b"support+%@demo.example", ()),
        (TOKEN.encode() + b"@demo.example", ()),
        (b"support+" + TOKEN.encode() + b"@example.org", ()),
        (b"support@demo.example", (b"X-Token: " + TAGGED + b"\r\n",)),
        (TAGGED, (b"Subject: Fwd: something else\r\n",)),
    ],
    ids=["guessed", "cut", "wild", "no tag", "elsewhere", "other header", "a forward"],
)
async def test_mail_without_the_token_begins_a_thread(
    backend: Backend, ingest: Ingest, recipient: bytes, headers: tuple[bytes, ...]
) -> None:
    await answered_with_token(backend, ingest)

    (other,) = await parsed(backend, ingest, to_(recipient, *headers))

    assert (other.parent_id, other.thread_id, other.branches) == (None, other.id, ())


async def test_proven_ids_decide_before_a_token(backend: Backend, ingest: Ingest) -> None:
    await answered_with_token(backend, ingest)
    second = b"Message-ID: <2@x>\r\n" + MAIL.replace(b"Hi", b"Second")
    (begun,) = await parsed(backend, ingest, second)

    names = b"In-Reply-To: <2@x>\r\n"
    (back,) = await parsed(backend, ingest, to_(TAGGED, names, sender=b"ann@example.org"))

    assert back.thread_id == begun.id


def named(ours: Interaction, *headers: bytes, prefix: str = "Re: ", to: str = "ann") -> bytes:
    subject = f"{prefix}Hi [#{ours.id}]".encode()
    mail = b"".join(headers) + MAIL.replace(b"ann@example.org", f"{to}@example.org".encode())
    assert b"Subject: Hi" in mail
    return mail.replace(b"Subject: Hi", b"Subject: " + subject, 1)


async def test_an_id_in_the_subject_leads_into_the_thread(backend: Backend, ingest: Ingest) -> None:
    ours = await answered(backend, ingest, "ann@example.org")

    (back,) = await parsed(backend, ingest, named(ours))

    assert (back.parent_id, back.thread_id) == (ours.id, ours.thread_id)
    assert back.mail.warnings == ()


@pytest.mark.parametrize(
    ("changes", "raw"),
    [
        ({}, {"to": "bob"}),
        ({}, {"prefix": "Fwd: "}),
        ({"state": State.REPLY_CREATED, "owner_id": "agent1"}, {}),
        ({"direction": Direction.INBOUND, "state": State.COMPLETED}, {}),
    ],
    ids=["a stranger", "a forward", "a draft", "a mail of somebody else"],
)
async def test_an_id_in_the_subject_proves_nothing_alone(
    backend: Backend, ingest: Ingest, changes: dict[str, object], raw: dict[str, str]
) -> None:
    ours = await answered(backend, ingest, "ann@example.org", **changes)

    (back,) = await parsed(backend, ingest, named(ours, **raw))

    assert (back.parent_id, back.thread_id) == (None, back.id)


async def test_an_id_in_the_subject_of_a_forged_mail_is_not_followed(
    backend: Backend, ingest: Ingest
) -> None:
    trusting = CENTER.model_copy(update={"trusted_authentication": ("mx.demo.example",)})
    await backend.configuration.write(trusting)
    backend.clock.move(KEPT_FOR + timedelta(seconds=1))
    ours = await answered(backend, ingest, "ann@example.org")
    verdict = b"Authentication-Results: mx.demo.example; dmarc=fail header.from=example.org\r\n"

    (back,) = await parsed(backend, ingest, named(ours, verdict))

    assert back.mail.authenticated is False
    assert back.thread_id == back.id


async def test_a_bounce_with_our_id_in_its_subject_begins_a_thread(
    backend: Backend, ingest: Ingest
) -> None:
    ours = await answered(backend, ingest, "ann@example.org")
    raw = b"Subject: Undelivered [#%s]\r\n" % ours.id.encode() + BOUNCE % b"<none@example.net>"

    (back,) = await parsed(backend, ingest, raw, sender="")

    assert back.thread_id == back.id
