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
from shared.domain.delivery import Conclusion, DeliveryState
from shared.domain.errors import Unavailable
from shared.domain.lifecycle import State
from shared.storage.interactions.interaction_store import InteractionStore
from shared.storage.mails.delivery_store import ClaimLostError, DeliveryStore
from tests.doubles.smtp_sink import GREYLIST, HANG_AFTER_DOT
from tests.support.outbound import CONNECTIONS, LEASE, Post

pytestmark = pytest.mark.connected


async def test_many_orders_for_one_mail_send_it_once(post: Post) -> None:
    mail = await post.submit()

    await asyncio.gather(*(post.another().deliver(mail) for _ in range(20)))

    assert len(post.sink.kept) == 1
    assert (await post.journal(mail)).attempt == 1


async def test_claims_at_the_same_time_are_each_of_one_mail_once(post: Post) -> None:
    mails = [await post.submit(raw=f"Subject: {number}\r\n\r\n".encode()) for number in range(12)]
    taken = mails[0]
    await post.store.claim(taken, "another", LEASE)

    claims = await asyncio.gather(
        *(post.store.claim(mail, f"{mail} {turn}", LEASE) for turn in range(2) for mail in mails)
    )

    ours = [claim for claim in claims if claim]
    assert sorted(claim.delivery.id for claim in ours) == sorted(mails[1:])
    for claim in ours:
        assert claim.delivery.claimed_by.startswith(claim.delivery.id)
        assert claim.delivery.attempt == 1
        assert claim.raw == f"Subject: {mails.index(claim.delivery.id)}\r\n\r\n".encode()


async def test_lost_claim_among_dots_keeps_back_its_own(post: Post) -> None:
    claims = [await post.store.claim(await post.submit(), f"{one}", LEASE) for one in range(12)]
    lost = claims[5]
    assert lost
    post.later(LEASE)
    await post.store.claim(lost.delivery.id, "another", LEASE)

    outcomes = await asyncio.gather(
        *(post.store.offer_dot(one, one.delivery.recipients, LEASE) for one in claims if one),
        return_exceptions=True,
    )

    assert isinstance(outcomes.pop(5), ClaimLostError)
    assert outcomes == [None] * 11
    states = [(await post.journal(one.delivery.id)).state for one in claims if one]
    assert states.pop(5) is DeliveryState.CLAIMED
    assert set(states) == {DeliveryState.DOT_PENDING}


class UnwritableStore(DeliveryStore):
    """Never gets to write a conclusion."""

    async def conclude(self, *_: Any, **__: Any) -> Any:
        await asyncio.Event().wait()


async def test_a_connection_is_free_while_the_journal_is_written(post: Post) -> None:
    unwritable = UnwritableStore(post.world.database, post.world.clock, post.store._announce)
    delivering = post.another(deliveries=unwritable)
    mails = [await post.submit() for _ in range(CONNECTIONS + 2)]

    tasks = [asyncio.create_task(delivering.deliver(mail)) for mail in mails]
    kept = await asyncio.wait_for(post.sink.keeps(len(mails)), 10)

    assert len(kept) == len(mails)
    await cancel_and_wait({*tasks, *delivering._running})


async def test_a_claim_whose_owner_died_is_taken_over_after_its_lease(post: Post) -> None:
    mail = await post.submit()
    await post.store.claim(mail, "dead", LEASE)

    await post.delivering.deliver(mail)
    kept_meanwhile = len(post.sink.kept)
    post.later(LEASE)
    await post.delivering.deliver(mail)

    assert kept_meanwhile == 0
    assert len(post.sink.kept) == 1
    assert (await post.journal(mail)).state is DeliveryState.SENT


async def test_a_dot_whose_owner_died_is_doubted_after_its_lease(post: Post) -> None:
    mail = await post.submit()
    claim = await post.store.claim(mail, "dead", LEASE)
    assert claim
    await post.store.offer_dot(claim, claim.delivery.recipients, LEASE)

    await post.delivering.deliver(mail)
    meanwhile = (await post.journal(mail)).state
    post.later(LEASE)
    await post.delivering.deliver(mail)

    assert meanwhile is DeliveryState.DOT_PENDING
    assert (await post.journal(mail)).state is DeliveryState.UNCERTAIN
    assert await post.state(mail) is State.UNCERTAIN
    assert (await post.world.hear(DeliveryUncertain)).interaction_id == mail
    assert post.sink.kept == []


async def test_process_with_an_expired_lease_does_not_send(post: Post) -> None:
    mail = await post.submit()
    sleeper = await post.store.claim(mail, "sleeper", LEASE)
    assert sleeper
    post.later(LEASE)
    await post.delivering.deliver(mail)

    with pytest.raises(ClaimLostError):
        await post.store.offer_dot(sleeper, sleeper.delivery.recipients, LEASE)

    assert len(post.sink.kept) == 1


class OvertakenStore(DeliveryStore):
    """Loses each claim just before the dot, as a process does that froze for too long."""

    async def offer_dot(self, claim: Any, recipients: Any, lease: timedelta) -> None:
        await self._collection.update_one(
            {"_id": claim.delivery.id}, {"$set": {"claimed_by": "another"}}
        )
        await super().offer_dot(claim, recipients, lease)


async def test_the_dot_is_kept_back_when_the_claim_is_lost(post: Post) -> None:
    mail = await post.submit()
    overtaken = OvertakenStore(post.world.database, post.world.clock, post.store._announce)

    await post.another(deliveries=overtaken).deliver(mail)

    assert post.sink.kept == []
    assert (await post.journal(mail)).state is DeliveryState.CLAIMED


class ForgetfulStore(DeliveryStore):
    """Loses the first claim as a database does that is killed before it wrote it to its disk."""

    forgotten = 0

    async def offer_dot(self, claim: Any, recipients: Any, lease: timedelta) -> None:
        self.forgotten += 1
        if self.forgotten == 1:
            await self._collection.update_one(
                {"_id": claim.delivery.id},
                {
                    "$set": {"state": "QUEUED", "claimed_by": "", "attempt": 0},
                    "$unset": {"lease_until": "", "next_attempt_at": "", "claimed_at": ""},
                },
            )
        await super().offer_dot(claim, recipients, lease)


async def test_a_claim_that_went_with_its_database_is_made_again(post: Post) -> None:
    mail = await post.submit()
    forgetful = ForgetfulStore(post.world.database, post.world.clock, post.store._announce)

    await post.another(deliveries=forgetful).deliver(mail)

    assert len(post.sink.kept) == 1
    assert (await post.journal(mail)).state is DeliveryState.SENT


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


async def test_a_database_that_is_away_after_the_yes_causes_no_doubt(post: Post) -> None:
    mail = await post.submit()
    faltering = FalteringStore(post.world.database, post.world.clock, post.store._announce)

    await post.another(deliveries=faltering).deliver(mail)

    assert faltering.failures == 3
    assert (await post.journal(mail)).state is DeliveryState.SENT
    assert len(post.sink.kept) == 1


class MuteInteractions(InteractionStore):
    """Dies before the author is told."""

    async def change(self, *_: Any, **__: Any) -> Any:
        raise ProcessLookupError


async def test_unpublished_outcome_is_published_by_the_next_command(post: Post) -> None:
    mail = await post.submit()
    mute = MuteInteractions(post.world.database, post.world.clock, post.store._announce)
    with pytest.raises(ProcessLookupError):
        await post.another(interactions=mute).deliver(mail)

    before = await post.state(mail)
    await post.delivering.deliver(mail)
    await post.delivering.deliver(mail)

    assert (before, await post.state(mail)) == (State.SENDING, State.SENT)
    assert (await post.world.hear(MailSent)).interaction_id == mail
    assert len(post.sink.kept) == 1


async def test_deferral_is_published_once(post: Post) -> None:
    post.sink.manners = [GREYLIST]
    mail = (await post.delivered()).id
    version = (await post.world.interactions.get(mail)).version

    await post.delivering.deliver(mail)
    await post.another().deliver(mail)

    assert (await post.world.interactions.get(mail)).version == version


async def test_a_cancelled_handler_leaves_the_transaction_alone(post: Post) -> None:
    post.sink.manners = [HANG_AFTER_DOT]
    mail = await post.submit()
    handler = asyncio.create_task(post.delivering.deliver(mail))
    kept = await post.sink.keeps(1)

    handler.cancel()
    await asyncio.wait({handler})
    await post.delivering.deliver(mail)
    post.sink.release()
    sent = await post.world.hear(MailSent)

    assert handler.cancelled()
    assert sent.interaction_id == mail
    assert len(kept) == 1


async def test_a_stop_while_the_answer_is_awaited_is_written_down(post: Post) -> None:
    post.sink.manners = [HANG_AFTER_DOT]
    mail = await post.submit()
    handler = asyncio.create_task(post.delivering.deliver(mail))
    await post.sink.keeps(1)

    await post.delivering.finish()
    await handler

    assert (await post.journal(mail)).state is DeliveryState.UNCERTAIN
    assert await post.state(mail) is State.UNCERTAIN


async def test_no_attempt_starts_after_the_stop(post: Post) -> None:
    mail = await post.submit()
    await post.delivering.finish()

    with pytest.raises(Unavailable):
        await post.delivering.deliver(mail)

    assert (await post.journal(mail)).state is DeliveryState.QUEUED


async def test_due_delivery_is_ordered_by_one_sweep(post: Post, vhost_url: str) -> None:
    post.sink.manners = [GREYLIST, GREYLIST, GREYLIST]
    due = {(await post.delivered()).id for _ in range(3)}
    await _orders(vhost_url)
    await post.retry_scheduler.request_due_attempts()
    early = await _orders(vhost_url)

    post.later(timedelta(minutes=5))
    await asyncio.gather(*(post.retry_scheduler.request_due_attempts() for _ in range(5)))
    ordered = await _orders(vhost_url)

    assert early == []
    assert sorted(ordered) == sorted(due)


async def test_a_lease_that_ended_is_ordered_again(post: Post, vhost_url: str) -> None:
    mail = await post.submit()
    await post.store.claim(mail, "dead", LEASE)
    await _orders(vhost_url)

    post.later(LEASE)
    await post.retry_scheduler.request_due_attempts()

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


async def test_the_same_submission_twice_orders_the_mail_once(post: Post) -> None:
    mail = await post.submit()
    delivery = await post.journal(mail)
    await post.delivering.deliver(mail)

    await post.store.add(replace(delivery, state=DeliveryState.QUEUED), b"other", Cause())

    assert (await post.journal(mail)).state is DeliveryState.SENT
