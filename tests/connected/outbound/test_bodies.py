"""The body of a mail on a slow line, and on one where nothing moves any more."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta

import pytest

from services.outbound.smtp.connection import LoginProof, open_session
from services.outbound.smtp.smtp_message import SmtpMessage
from services.outbound.smtp.smtp_session import Deadlines
from services.outbound.smtp.transmission import Phase, Reply, Transmission
from shared.contracts.contact_center import SmtpRoute
from tests.doubles.clock import MovableClock
from tests.doubles.smtp_sink import STALL_IN_BODY, SmtpSink, running_sink
from tests.support.outbound import LEASE, Outbound

pytestmark = pytest.mark.connected

TEN = timedelta(seconds=10)
MINUTE = timedelta(minutes=1)
PIECE = b"a line that is not long\r\n" * 4000


# In the loop of all tests, timers of clients that others keep would go off at once, and those that
# begin meanwhile would be minutes late afterwards.
in_its_own_loop = pytest.mark.asyncio(loop_scope="function")


def movable_clock() -> Callable[[timedelta], None]:
    """Return what moves the clock of the running loop, and with it every deadline."""
    loop = asyncio.get_running_loop()
    really, passed = loop.time, timedelta()

    def move(by: timedelta) -> None:
        nonlocal passed
        passed += by

    loop.time = lambda: really() + passed.total_seconds()  # type: ignore[method-assign]
    return move


async def transmitted(
    sink: SmtpSink,
    octets: Callable[[], AsyncIterator[bytes]],
    *,
    block: timedelta,
    body: timedelta,
) -> Transmission:
    session = await open_session(
        SmtpRoute(host="127.0.0.1", port=sink.port, tls="none"),
        LoginProof(),
        hello_name="test.example",
        deadlines=Deadlines(TEN, TEN, TEN, TEN, block, body, TEN),
        clock=MovableClock(),
    )
    smtp_message = SmtpMessage("support@demo.example", ["ann@example.org"], 1000, octets)
    try:
        return await session.transmit(smtp_message, nothing)
    finally:
        session.close()


async def nothing(_: Mapping[str, Reply]) -> None:
    """Have nothing to do before the dot."""


async def slowly() -> AsyncIterator[bytes]:
    later = movable_clock()
    for _ in range(5):
        yield PIECE
        later(2 * MINUTE)
        await due_timers()


async def due_timers() -> None:
    """Let every timer that is due go off before this one."""
    gone_off = asyncio.Event()
    asyncio.get_running_loop().call_later(0, gone_off.set)
    await gone_off.wait()


async def endlessly() -> AsyncIterator[bytes]:
    while True:
        yield PIECE


@in_its_own_loop
async def test_a_mail_may_take_long_while_every_block_of_it_moves() -> None:
    async with running_sink() as sink:
        transmission = await transmitted(sink, slowly, block=3 * MINUTE, body=60 * MINUTE)
        await sink.left()

    assert (transmission.phase, transmission.fault) == (Phase.DOT, "")
    assert [len(one.octets) for one in sink.kept] == [5 * len(PIECE)]


@in_its_own_loop
async def test_a_mail_does_not_take_for_ever() -> None:
    async with running_sink() as sink:
        transmission = await transmitted(sink, slowly, block=3 * MINUTE, body=9 * MINUTE)
        await sink.left()

    assert (transmission.phase, sink.kept) == (Phase.BODY, [])
    assert "TimeoutError" in transmission.fault


async def test_a_server_that_takes_no_more_is_given_up(sink: SmtpSink) -> None:
    sink.behaviors = [STALL_IN_BODY]

    transmission = await transmitted(
        sink, endlessly, block=timedelta(seconds=0.2), body=60 * MINUTE
    )

    assert (transmission.phase, sink.kept) == (Phase.BODY, [])
    assert "TimeoutError" in transmission.fault


async def test_a_mail_that_takes_long_keeps_its_claim(outbound: Outbound) -> None:
    mail = await outbound.submit()
    claim = await outbound.store.claim(mail, "slow", LEASE)
    assert claim
    until = claim.delivery.lease_until
    assert until
    outbound.later(2 * LEASE)

    async with asyncio.timeout(20), outbound.another(lease=LEASE / 1000)._renewing(claim):
        while ((await outbound.journal(mail)).lease_until or until) <= until:
            await due_timers()

    assert await outbound.store.claim(mail, "another", LEASE) is None
