"""Services killed at each step of taking a mail in by LMTP and by HTTP; SMTP is with one mail."""

import asyncio
import signal
import smtplib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx2
import pytest

from tests.fixtures.plain_http import NO_CERTIFICATES
from tests.support.systems.breakable_system import (
    PROGRAM_TOKEN,
    UNHEARD,
    BreakableSystem,
    new_run,
)
from tests.support.systems.mail_senders import LOST, mail_octets, message_ids
from tests.support.waiting import until

pytestmark = [pytest.mark.connected, pytest.mark.faults]

TAKEN: Final = "taken"
LARGE: Final = b"\r\n".join([b"0123456789abcdef" * 4] * 8_000)
HandIn = Callable[[BreakableSystem, bytes], Awaitable[str]]


async def by_lmtp(breakable: BreakableSystem, raw: bytes) -> str:
    """Hand a mail in once; return TAKEN, LOST or the code of the refusal."""

    def hand_in() -> str:
        try:
            with smtplib.LMTP("127.0.0.1", breakable.system.addresses.lmtp, timeout=40) as client:
                client.sendmail("ann@example.org", UNHEARD, raw)
        except smtplib.SMTPResponseException as error:
            return str(error.smtp_code)
        except OSError:
            return LOST
        return TAKEN

    return await asyncio.to_thread(hand_in)


async def by_http(breakable: BreakableSystem, raw: bytes, key: str = "") -> str:
    """The same by HTTP, with an Idempotency-Key where one is given."""
    headers = {"Authorization": f"Bearer {PROGRAM_TOKEN}", "Content-Type": "message/rfc822"}
    if key:
        headers["Idempotency-Key"] = key
    async with httpx2.AsyncClient(
        base_url=breakable.system.gateway_url, verify=NO_CERTIFICATES, timeout=40
    ) as client:
        try:
            answer = await client.post(f"/ingest/{UNHEARD}", content=raw, headers=headers)
        except httpx2.HTTPError:
            return LOST
    return TAKEN if answer.status_code == 202 else str(answer.status_code)


async def killed(
    breakable: BreakableSystem, service: str, point: str, hand_in: HandIn, raw: bytes
) -> tuple[str, int]:
    """Hand a mail in to a service that dies at a point; return what the sender is told, and how."""
    await breakable.arm(service, point)
    first = await hand_in(breakable, raw)
    return first, await breakable.ends(service)


async def comes_to(breakable: BreakableSystem, message_id: str, arrivals: int) -> bool:
    """Say whether so many stored mails become one interaction, which knows all of them."""

    async def holds() -> bool:
        wanted = {"direction": "Inbound", "mail.message_id": message_id}
        found = await breakable.database["interactions"].find(wanted).to_list()
        known = [[one["arrival_id"], *one.get("copies", ())] for one in found]
        if len(known) != 1 or len(known[0]) != arrivals:
            return False
        stored = {"_id": {"$in": known[0]}}
        return await breakable.database["arrivals"].count_documents(stored) == arrivals

    return await until(holds, 30)


def mail() -> tuple[str, bytes]:
    """Return a new mail and its Message-ID."""
    (message_id,) = message_ids(new_run(), 1)
    return message_id, mail_octets(message_id)


@pytest.mark.parametrize(
    ("service", "hand_in"), [("ingest", by_lmtp), ("gateway", by_http)], ids=["lmtp", "http"]
)
@pytest.mark.parametrize(
    ("point", "arrivals"), [("intake.before_store", 1), ("intake.after_store", 2)]
)
async def test_mail_without_an_answer_is_taken_by_the_next_try(
    breakable: BreakableSystem, service: str, hand_in: HandIn, point: str, arrivals: int
) -> None:
    message_id, raw = mail()

    first, code = await killed(breakable, service, point, hand_in, raw)
    second = await hand_in(breakable, raw)

    assert (first, code, second) == (LOST, -signal.SIGKILL, TAKEN)
    assert await comes_to(breakable, message_id, arrivals)


@pytest.mark.parametrize(
    ("service", "point", "hand_in"),
    [
        ("ingest", "ingest.after_answer", by_lmtp),
        ("gateway", "announcer.after_publish", by_http),
    ],
    ids=["lmtp answered", "http published"],
)
async def test_mail_of_a_dead_service_needs_no_second_try(
    breakable: BreakableSystem, service: str, point: str, hand_in: HandIn
) -> None:
    message_id, raw = mail()

    first, code = await killed(breakable, service, point, hand_in, raw)

    assert (first in (TAKEN, LOST), code) == (True, -signal.SIGKILL)
    assert await comes_to(breakable, message_id, arrivals=1)


@pytest.mark.parametrize("point", ["arrivals.before_insert", "intake.after_store"])
async def test_large_mail_under_a_key_is_stored_once(
    breakable: BreakableSystem, point: str
) -> None:
    message_id, raw = mail()

    async def hand_in(breakable: BreakableSystem, raw: bytes) -> str:
        return await by_http(breakable, raw, message_id)

    first, code = await killed(breakable, "gateway", point, hand_in, raw + LARGE)
    busy = await hand_in(breakable, raw + LARGE)
    # The first try keeps its key for a minute, in which its gateway might go on.
    await breakable.database["remembered_answers"].update_many(
        {}, {"$set": {"lease_until": datetime.now(UTC) - timedelta(minutes=1)}}
    )
    second = await hand_in(breakable, raw + LARGE)
    third = await hand_in(breakable, raw + LARGE)

    assert (first, code, busy) == (LOST, -signal.SIGKILL, "409")
    assert (second, third) == (TAKEN, TAKEN)
    assert await comes_to(breakable, message_id, arrivals=1)


async def test_answer_that_was_lost_is_given_again(breakable: BreakableSystem) -> None:
    message_id, raw = mail()

    async def hand_in(breakable: BreakableSystem, raw: bytes) -> str:
        return await by_http(breakable, raw, message_id)

    first, code = await killed(breakable, "gateway", "drop.before_answer", hand_in, raw)
    second = await hand_in(breakable, raw)

    assert (first, code, second) == (LOST, -signal.SIGKILL, TAKEN)
    assert await comes_to(breakable, message_id, arrivals=1)
