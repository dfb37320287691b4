"""All ways in take the same mail, and store the same of it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.flood import FloodRules
from shared.domain.mail_envelope import Way
from shared.intake.flood_bounds import counted_under, sender_bounds
from shared.intake.flood_gate import FloodGate
from shared.intake.mail_intake import IntakeRules, MailIntake, MailSource
from shared.intake.refusals import (
    MailDeferredError,
    MailLoopError,
    MailTooLargeError,
    UnknownMailboxError,
)
from shared.storage.files.vault import IN_ONE_DOCUMENT
from shared.storage.mails.allowance_store import AllowanceStore
from tests.support.backend import CENTER, Backend
from tests.support.ingest import MAIL, make_arrivals

pytestmark = pytest.mark.connected

RULES = IntakeRules(largest_mail=1_000_000, most_hops=100, host_name="mx.example")
FROM_SMTP = MailSource(Way.SMTP, "ESMTP", name="mx.example", peer="192.0.2.8")
FROM_IMAP = MailSource(Way.IMAP, "IMAP", name="imap.example", peer="192.0.2.7")
LARGE = MAIL + b"0123456789abcde\n" * (IN_ONE_DOCUMENT // 8)


@pytest.fixture
def intake(backend: Backend) -> MailIntake:
    """What takes mails in, without a way on which they come."""
    return MailIntake(make_arrivals(backend), backend.configuration, RULES, backend.clock)


async def pieces(raw: bytes, size: int = 70_000) -> AsyncIterator[bytes]:
    for at in range(0, len(raw), size):
        yield raw[at : at + size]


async def stored(backend: Backend) -> dict[str, Any]:
    """Return the only arrival."""
    (document,) = await backend.database["arrivals"].find({}).to_list()
    return document


async def take(intake: MailIntake, raw: bytes, sender: str | None = "ann@example.org") -> str:
    recipient = await intake.recipient("support@demo.example")
    return await intake.receive(raw, sender=sender, recipients=[recipient], source=FROM_IMAP)


async def receive_stream(intake: MailIntake, mail: AsyncIterator[bytes]) -> str:
    recipient = await intake.recipient("support@demo.example")
    return await intake.receive_stream(mail, sender="", recipients=[recipient], source=FROM_IMAP)


async def test_arrival_knows_its_way_and_the_addresses_that_were_named(
    backend: Backend, intake: MailIntake
) -> None:
    named = ["support+b.TOKEN@demo.example", "Support@DEMO.example"]
    recipients = [await intake.recipient(address) for address in named]

    arrival_id = await intake.receive(MAIL, sender="", recipients=recipients, source=FROM_IMAP)

    arrival = await make_arrivals(backend).get(arrival_id)
    assert (arrival.way, arrival.peer) == (Way.IMAP, "192.0.2.7")
    assert arrival.mailboxes == ("support@demo.example",)
    assert arrival.recipients == tuple(named)


async def test_trace_names_source_way_and_mailbox(backend: Backend, intake: MailIntake) -> None:
    await take(intake, b"Return-Path: <forged@x>\r\n" + MAIL)

    assert (await stored(backend))["raw"] == (
        b"Return-Path: <ann@example.org>\r\n"
        b"Received: from imap.example ([192.0.2.7])\r\n"
        b"\tby mx.example with IMAP\r\n\tfor <support@demo.example>;\r\n"
        b"\tMon, 02 Mar 2026 09:00:00 +0000\r\n" + MAIL
    )


@pytest.mark.parametrize(
    ("header", "sender", "to", "is_deferred"),
    [
        (b"", "a@x.org", "support@demo.example", True),
        (b"", "", "support@demo.example", False),  # a report
        (b"", "a@x.org", "support+tag@demo.example", False),  # an answer
        (b"", "a@x.org", "sales@demo.example", False),
        (b"Authentication-Results: mx.x; dmarc=pass\r\n", "a@x.org", "support@demo.example", True),
        (
            b"Authentication-Results: mx.demo.example; dmarc=pass\r\n",
            "a@x.org",
            "support@demo.example",
            False,
        ),
    ],
)
async def test_mail_of_a_flood_is_deferred_until_the_next_hour(
    backend: Backend, header: bytes, sender: str, to: str, is_deferred: bool
) -> None:
    flood = FloodRules(sender=2, then="defer")
    described = {"flood": flood, "trusted_authentication": ("mx.demo.example",)}
    await backend.configuration.write(CENTER.model_copy(update=described))
    allowances, now = AllowanceStore(backend.database), backend.clock.now()
    (bound,) = sender_bounds(flood, "a@x.org", is_proven=False)
    name = counted_under("support@demo.example", bound, now)
    for thing in ("one", "two"):
        await allowances.admit(name, thing, most=2, until=now + timedelta(hours=1))
    gate = FloodGate(allowances, backend.configuration, backend.clock)
    intake = MailIntake(
        make_arrivals(backend), backend.configuration, RULES, backend.clock, gate=gate
    )
    recipient = await intake.recipient(to)
    mail = header + b"From: A <A@x.org>\r\n\r\nAgain\r\n"

    async def hand_in() -> str:
        return await intake.receive(mail, sender=sender, recipients=[recipient], source=FROM_SMTP)

    if is_deferred:
        with pytest.raises(MailDeferredError) as refusal:
            await hand_in()
        assert timedelta(0) < refusal.value.wait <= timedelta(hours=1)
        backend.clock.move(refusal.value.wait)
    assert await hand_in()


async def test_mail_with_three_loop_marks_is_refused(backend: Backend, intake: MailIntake) -> None:
    mark = b"X-Mailroom-Loop: support@demo.example\r\n"
    await take(intake, mark * 2 + MAIL)

    with pytest.raises(MailLoopError, match="3 X-Mailroom-Loop fields"):
        await take(intake, mark * 3 + MAIL)

    assert (await stored(backend))["raw"].count(mark) == 2


async def test_sender_of_a_source_without_envelope_is_the_return_path(
    backend: Backend, intake: MailIntake
) -> None:
    await take(intake, b"Delivered-To: x@y\r\nReturn-Path: <bob@example.org>\r\n" + MAIL, None)

    assert (await stored(backend))["sender"] == "bob@example.org"


async def test_stream_of_a_large_mail_is_stored_octet_for_octet(
    backend: Backend, intake: MailIntake
) -> None:
    arrival_id = await receive_stream(intake, pieces(LARGE))

    arrival = await make_arrivals(backend).get(arrival_id)
    assert arrival.raw.endswith(b"+0000\r\n" + LARGE)
    assert "raw" not in await stored(backend)


async def test_stream_of_a_small_mail_is_one_document(backend: Backend, intake: MailIntake) -> None:
    await receive_stream(intake, pieces(MAIL, 10))

    assert (await stored(backend))["raw"].endswith(b"+0000\r\n" + MAIL)


async def test_taken_mail_has_a_command_to_parse_it(backend: Backend, intake: MailIntake) -> None:
    await receive_stream(intake, pieces(LARGE))

    assert len((await stored(backend))["outbox"]) == 1


@pytest.mark.parametrize("size", [RULES.largest_mail + 1, 3 * RULES.largest_mail])
async def test_too_large_is_refused_and_not_stored(
    backend: Backend, intake: MailIntake, size: int
) -> None:
    raw = MAIL.ljust(size, b"x")

    with pytest.raises(MailTooLargeError):
        await take(intake, raw)
    with pytest.raises(MailTooLargeError):
        await receive_stream(intake, pieces(raw))

    assert await backend.database["arrivals"].count_documents({}) == 0
    assert await backend.database["contents"].count_documents({}) == 0


async def test_largest_mail_is_taken(intake: MailIntake) -> None:
    raw = MAIL.ljust(RULES.largest_mail, b"x")

    assert await take(intake, raw)
    assert await receive_stream(intake, pieces(raw))


@pytest.mark.parametrize("rest", [b"", LARGE])
async def test_loop_is_refused_and_not_stored(
    backend: Backend, intake: MailIntake, rest: bytes
) -> None:
    raw = b"Received: from a by b\r\n" * 101 + MAIL + rest

    with pytest.raises(MailLoopError, match="101 Received fields, more than 100"):
        await receive_stream(intake, pieces(raw))

    assert await backend.database["arrivals"].count_documents({}) == 0


async def test_stream_that_breaks_off_stores_nothing(backend: Backend, intake: MailIntake) -> None:
    async def broken() -> AsyncIterator[bytes]:
        async for piece in pieces(LARGE):
            yield piece
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await receive_stream(intake, broken())

    assert await backend.database["arrivals"].count_documents({}) == 0
    assert await backend.database["contents"].count_documents({}) == 0


async def test_unknown_mailbox_is_refused(intake: MailIntake) -> None:
    with pytest.raises(UnknownMailboxError):
        await intake.recipient("nobody@demo.example")


async def test_arrival_of_an_earlier_release_came_by_smtp(
    backend: Backend, intake: MailIntake
) -> None:
    arrival_id = await take(intake, MAIL)
    await backend.database["arrivals"].update_one({}, {"$unset": {"way": 1, "recipients": 1}})

    arrival = await make_arrivals(backend).get(arrival_id)

    assert (arrival.way, arrival.recipients) == (Way.SMTP, ())
