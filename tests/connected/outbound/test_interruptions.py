"""Two at once, one after the other's end, and what is left when one stops in between."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aio_pika
import pytest

from shared.background_tasks import cancel_and_wait
from shared.contracts.commands import DeliverMail
from shared.contracts.envelope import Cause, Envelope
from shared.contracts.events import DeliveryUncertain, MailSent
from shared.domain.deliveries.delivery import Conclusion, DeliveryState
from shared.domain.errors import Unavailable
from shared.domain.lifecycle import State
from shared.storage.interactions.interaction_store import InteractionStore
from shared.storage.mails.delivery_store import ClaimLostError, DeliveryStore
from tests.doubles.smtp_sink import GREYLIST, HANG_AFTER_DOT
from tests.support.outbound import CONNECTIONS, LEASE, Outbound

pytestmark = pytest.mark.connected


async def test_many_orders_for_one_mail_send_it_once(outbound: Outbound) -> None:
    mail = await outbound.submit()

    await asyncio.gather(*(outbound.another().deliver(mail) for _ in range(20)))

    assert len(outbound.sink.kept) == 1
    assert (await outbound.journal(mail)).attempt == 1


async def test_claims_at_the_same_time_are_each_of_one_mail_once(outbound: Outbound) -> None:
    mails = [
        await outbound.submit(raw=f"Subject: {number}\r\n\r\n".encode()) for number in range(12)
    ]
    taken = mails[0]
    await outbound.store.claim(taken, "another", LEASE)

    claims = await asyncio.gather(
        *(
            outbound.store.claim(mail, f"{mail} {turn}", LEASE)
            for turn in range(2)
            for mail in mails
        )
    )

    ours = [claim for claim in claims if claim]
    assert sorted(claim.delivery.id for claim in ours) == sorted(mails[1:])
    for claim in ours:
        assert claim.delivery.claimed_by.startswith(claim.delivery.id)
        assert claim.delivery.attempt == 1
        assert claim.raw == f"Subject: {mails.index(claim.delivery.id)}\r\n\r\n".encode()


async def test_lost_claim_among_dots_keeps_back_its_own(outbound: Outbound) -> None:
    claims = [
        await outbound.store.claim(await outbound.submit(), f"{one}", LEASE) for one in range(12)
    ]
    lost = claims[5]
    assert lost
    outbound.later(LEASE)
    await outbound.store.claim(lost.delivery.id, "another", LEASE)

    outcomes = await asyncio.gather(
        *(outbound.store.offer_dot(one, one.delivery.recipients, LEASE) for one in claims if one),
        return_exceptions=True,
    )

    assert isinstance(outcomes.pop(5), ClaimLostError)
    assert outcomes == [None] * 11
    states = [(await outbound.journal(one.delivery.id)).state for one in claims if one]
    assert states.pop(5) is DeliveryState.CLAIMED
    assert set(states) == {DeliveryState.DOT_PENDING}


class UnwritableStore(DeliveryStore):
    """Never gets to write a conclusion."""

    async def conclude(self, *_: Any, **__: Any) -> Any:
        await asyncio.Event().wait()


async def test_a_connection_is_free_while_the_journal_is_written(outbound: Outbound) -> None:
    unwritable = UnwritableStore(
        outbound.backend.database, outbound.backend.clock, outbound.store._announce
    )
    delivering = outbound.another(deliveries=unwritable)
    mails = [await outbound.submit() for _ in range(CONNECTIONS + 2)]

    tasks = [asyncio.create_task(delivering.deliver(mail)) for mail in mails]
    kept = await asyncio.wait_for(outbound.sink.keeps(len(mails)), 10)

    assert len(kept) == len(mails)
    await cancel_and_wait({*tasks, *delivering._running})


async def test_a_claim_whose_owner_died_is_taken_over_after_its_lease(outbound: Outbound) -> None:
    mail = await outbound.submit()
    await outbound.store.claim(mail, "dead", LEASE)

    await outbound.delivering.deliver(mail)
    kept_meanwhile = len(outbound.sink.kept)
    outbound.later(LEASE)
    await outbound.delivering.deliver(mail)

    assert kept_meanwhile == 0
    assert len(outbound.sink.kept) == 1
    assert (await outbound.journal(mail)).state is DeliveryState.SENT


async def test_a_dot_whose_owner_died_is_doubted_after_its_lease(outbound: Outbound) -> None:
    mail = await outbound.submit()
    claim = await outbound.store.claim(mail, "dead", LEASE)
    assert claim
    await outbound.store.offer_dot(claim, claim.delivery.recipients, LEASE)

    await outbound.delivering.deliver(mail)
    meanwhile = (await outbound.journal(mail)).state
    outbound.later(LEASE)
    await outbound.delivering.deliver(mail)

    assert meanwhile is DeliveryState.DOT_PENDING
    assert (await outbound.journal(mail)).state is DeliveryState.UNCERTAIN
    assert await outbound.state(mail) is State.UNCERTAIN
    assert (await outbound.backend.next_event(DeliveryUncertain)).interaction_id == mail
    assert outbound.sink.kept == []


async def test_process_with_an_expired_lease_does_not_send(outbound: Outbound) -> None:
    mail = await outbound.submit()
    sleeper = await outbound.store.claim(mail, "sleeper", LEASE)
    assert sleeper
    outbound.later(LEASE)
    await outbound.delivering.deliver(mail)

    with pytest.raises(ClaimLostError):
        await outbound.store.offer_dot(sleeper, sleeper.delivery.recipients, LEASE)

    assert len(outbound.sink.kept) == 1


class OvertakenStore(DeliveryStore):
    """Loses each claim just before the dot, as a process does that froze for too long."""

    async def offer_dot(
        self, claim: Any, recipients: Any, lease: timedelta, token: str = ""
    ) -> None:
        await self._collection.update_one(
            {"_id": claim.delivery.id}, {"$set": {"claimed_by": "another"}}
        )
        await super().offer_dot(claim, recipients, lease, token)


async def test_the_dot_is_kept_back_when_the_claim_is_lost(outbound: Outbound) -> None:
    mail = await outbound.submit()
    overtaken = OvertakenStore(
        outbound.backend.database, outbound.backend.clock, outbound.store._announce
    )

    await outbound.another(deliveries=overtaken).deliver(mail)

    assert outbound.sink.kept == []
    assert (await outbound.journal(mail)).state is DeliveryState.CLAIMED


class ForgetfulStore(DeliveryStore):
    """Loses the first claim as a database does that is killed before it wrote it to its disk."""

    forgotten = 0

    async def offer_dot(
        self, claim: Any, recipients: Any, lease: timedelta, token: str = ""
    ) -> None:
        self.forgotten += 1
        if self.forgotten == 1:
            await self._collection.update_one(
                {"_id": claim.delivery.id},
                {
                    "$set": {"state": "QUEUED", "claimed_by": "", "attempt": 0},
                    "$unset": {"lease_until": "", "next_attempt_at": "", "claimed_at": ""},
                },
            )
        await super().offer_dot(claim, recipients, lease, token)


async def test_a_claim_that_went_with_its_database_is_made_again(outbound: Outbound) -> None:
    mail = await outbound.submit()
    forgetful = ForgetfulStore(
        outbound.backend.database, outbound.backend.clock, outbound.store._announce
    )

    await outbound.another(deliveries=forgetful).deliver(mail)

    assert len(outbound.sink.kept) == 1
    assert (await outbound.journal(mail)).state is DeliveryState.SENT


class FalteringStore(DeliveryStore):
    """Is away the first time a conclusion is written, once before and once after the write."""

    failures = 0

    async def conclude(
        self, delivery: Any, conclusion: Conclusion, *, abandoned: bool = False
    ) -> Any:
        self.failures += 1
        if self.failures == 1:
            raise Unavailable("away")
        concluded = await super().conclude(delivery, conclusion, abandoned=abandoned)
        if self.failures == 2:
            raise Unavailable("the answer was lost")
        return concluded


async def test_a_database_that_is_away_after_the_yes_causes_no_doubt(outbound: Outbound) -> None:
    mail = await outbound.submit()
    faltering = FalteringStore(
        outbound.backend.database, outbound.backend.clock, outbound.store._announce
    )

    await outbound.another(deliveries=faltering).deliver(mail)

    assert faltering.failures == 3
    assert (await outbound.journal(mail)).state is DeliveryState.SENT
    assert len(outbound.sink.kept) == 1


class MuteInteractions(InteractionStore):
    """Dies before the author is told."""

    async def change(self, *_: Any, **__: Any) -> Any:
        raise ProcessLookupError


async def test_unpublished_outcome_is_published_by_the_next_command(outbound: Outbound) -> None:
    mail = await outbound.submit()
    mute = MuteInteractions(
        outbound.backend.database, outbound.backend.clock, outbound.store._announce
    )
    with pytest.raises(ProcessLookupError):
        await outbound.another(interactions=mute).deliver(mail)

    before = await outbound.state(mail)
    await outbound.delivering.deliver(mail)
    await outbound.delivering.deliver(mail)

    assert (before, await outbound.state(mail)) == (State.SENDING, State.SENT)
    assert (await outbound.backend.next_event(MailSent)).interaction_id == mail
    assert len(outbound.sink.kept) == 1


async def test_deferral_is_published_once(outbound: Outbound) -> None:
    outbound.sink.behaviors = [GREYLIST]
    mail = (await outbound.delivered()).id
    version = (await outbound.backend.interactions.get(mail)).version

    await outbound.delivering.deliver(mail)
    await outbound.another().deliver(mail)

    assert (await outbound.backend.interactions.get(mail)).version == version


async def test_a_cancelled_handler_leaves_the_transaction_alone(outbound: Outbound) -> None:
    outbound.sink.behaviors = [HANG_AFTER_DOT]
    mail = await outbound.submit()
    handler = asyncio.create_task(outbound.delivering.deliver(mail))
    kept = await outbound.sink.keeps(1)

    handler.cancel()
    await asyncio.wait({handler})
    await outbound.delivering.deliver(mail)
    outbound.sink.release()
    sent = await outbound.backend.next_event(MailSent)

    assert handler.cancelled()
    assert sent.interaction_id == mail
    assert len(kept) == 1


async def test_a_stop_while_the_answer_is_awaited_is_written_down(outbound: Outbound) -> None:
    outbound.sink.behaviors = [HANG_AFTER_DOT]
    mail = await outbound.submit()
    handler = asyncio.create_task(outbound.delivering.deliver(mail))
    await outbound.sink.keeps(1)

    await outbound.delivering.finish()
    await handler

    assert (await outbound.journal(mail)).state is DeliveryState.UNCERTAIN
    assert await outbound.state(mail) is State.UNCERTAIN


async def test_no_attempt_starts_after_the_stop(outbound: Outbound) -> None:
    mail = await outbound.submit()
    await outbound.delivering.finish()

    with pytest.raises(Unavailable):
        await outbound.delivering.deliver(mail)

    assert (await outbound.journal(mail)).state is DeliveryState.QUEUED


async def test_due_delivery_is_ordered_by_one_sweep(outbound: Outbound, vhost_url: str) -> None:
    outbound.sink.behaviors = [GREYLIST, GREYLIST, GREYLIST]
    due = {(await outbound.delivered()).id for _ in range(3)}
    await _orders(vhost_url)
    await outbound.retry_scheduler.request_due_attempts()
    early = await _orders(vhost_url)

    outbound.later(timedelta(minutes=5))
    await asyncio.gather(*(outbound.retry_scheduler.request_due_attempts() for _ in range(5)))
    ordered = await _orders(vhost_url)

    assert early == []
    assert sorted(ordered) == sorted(due)


async def test_a_lease_that_ended_is_ordered_again(outbound: Outbound, vhost_url: str) -> None:
    mail = await outbound.submit()
    await outbound.store.claim(mail, "dead", LEASE)
    await _orders(vhost_url)

    outbound.later(LEASE)
    await outbound.retry_scheduler.request_due_attempts()

    assert await _orders(vhost_url) == [mail]


async def _orders(url: str) -> list[str]:
    """Take the orders out of outbound's work queue."""
    taken = []
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.get_queue("outbound.work")
        while message := await queue.get(fail=False, no_ack=True):
            envelope = Envelope[DeliverMail].model_validate_json(message.body)
            taken.append(envelope.body.interaction_id)
    return taken


async def test_the_same_submission_twice_orders_the_mail_once(outbound: Outbound) -> None:
    mail = await outbound.submit()
    delivery = await outbound.journal(mail)
    await outbound.delivering.deliver(mail)

    await outbound.store.add(replace(delivery, state=DeliveryState.QUEUED), b"other", Cause())

    assert (await outbound.journal(mail)).state is DeliveryState.SENT
