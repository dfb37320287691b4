"""A backup in the database's place: what it says is due may have left since."""

import asyncio
from datetime import timedelta

import aio_pika
import pytest

from services.console.commands import uncertain_deliveries
from services.console.commands.restored import announce_restore
from services.console.exit_codes import NotPossibleError
from services.outbound.restore_watch import RestoreWatcher
from services.outbound.retry_scheduler import RetryScheduler
from shared.contracts.envelope import Cause
from shared.contracts.events import DeliveryUncertain
from shared.domain.deliveries.delivery import DeliveryState
from shared.domain.lifecycle import State
from shared.messaging.publisher import BrokerUnavailableError
from shared.messaging.record import BrokerRecord
from shared.messaging.topology import OUTBOUND
from shared.runtime.lasting_witness import LastingWitness
from shared.storage.database import witness
from shared.storage.journal_generations import JournalGenerations
from tests.connected.backups import Backup
from tests.doubles.smtp_sink import DROP_AFTER_DOT
from tests.support.outbound import Outbound

pytestmark = [pytest.mark.connected, pytest.mark.usefixtures("console")]


async def restored(outbound: Outbound, watch: RestoreWatcher | None = None) -> list[str]:
    """Put a backup in place of which two mails have left since; return their ids."""
    mails = [await outbound.submit() for _ in range(2)]
    backup = await Backup.of(outbound.backend.database)
    for mail in mails:
        await outbound.delivering.deliver(mail)
    if watch:
        await watch.request_due_attempts()
    await backup.restore(outbound.backend.database)
    assert len(outbound.sink.kept) == len(mails)
    return mails


async def test_after_a_restore_what_was_due_is_held(
    outbound: Outbound, capsys: pytest.CaptureFixture[str]
) -> None:
    mails = await restored(outbound)

    await announce_restore()
    for mail in mails:
        await outbound.delivering.deliver(mail)
    await uncertain_deliveries.show()

    assert len(outbound.sink.kept) == 2
    assert {await outbound.state(mail) for mail in mails} == {State.UNCERTAIN}
    told = [await outbound.backend.next_event(DeliveryUncertain) for _ in mails]
    assert {one.interaction_id for one in told} == set(mails)
    assert "backup" in told[0].reason
    shown = capsys.readouterr().out
    assert all(mail in shown for mail in mails)


async def test_operator_releases_held_mails(outbound: Outbound) -> None:
    mails = await restored(outbound)
    await announce_restore()

    with pytest.raises(NotPossibleError, match="in doubt: 2"):
        await uncertain_deliveries.resend_all(sure=False)
    await uncertain_deliveries.conclude(mails[0], sent=True)
    await uncertain_deliveries.resend_all(sure=True)
    for mail in mails:
        await outbound.delivering.deliver(mail)

    assert len(outbound.sink.kept) == 3
    assert {await outbound.state(mail) for mail in mails} == {State.SENT}


async def test_announcing_a_restore_twice_does_no_harm(outbound: Outbound) -> None:
    mails = await restored(outbound)

    await announce_restore()
    await announce_restore()

    assert {(await outbound.journal(mail)).state for mail in mails} == {DeliveryState.UNCERTAIN}
    assert len((await outbound.journal(mails[0])).attempts) == 1


async def test_outbound_left_running_sends_nothing_of_a_backup(
    outbound: Outbound, vhost_url: str
) -> None:
    watch = lasting_watch(outbound, vhost_url)
    await watch.request_due_attempts()
    mails = await restored(outbound, watch)
    outbound.later(timedelta(hours=1))

    await watch.request_due_attempts()
    for mail in mails:
        await outbound.delivering.deliver(mail)

    assert len(outbound.sink.kept) == 2
    assert {await outbound.state(mail) for mail in mails} == {State.UNCERTAIN}


def lasting_watch(
    outbound: Outbound, url: str, retry_scheduler: RetryScheduler | None = None
) -> RestoreWatcher:
    """Return the watch of a process that starts now."""
    backend = outbound.backend
    record = BrokerRecord(url, OUTBOUND, backend.publisher, name="test")
    return RestoreWatcher(
        backend.database,
        backend.clock,
        LastingWitness(backend.database, backend.clock, record),
        retry_scheduler or outbound.retry_scheduler,
    )


class InterruptedScheduler(RetryScheduler):
    """A scheduler that loses the broker after a number of orders; it notes those it has given."""

    def __init__(self, outbound: Outbound, orders: int) -> None:
        backend = outbound.backend
        super().__init__(outbound.stores.deliveries, backend.publisher, backend.clock)
        self.ordered: list[str] = []
        self._left = orders

    async def request_attempt(self, delivery_id: str, cause: Cause) -> None:
        if not self._left:
            raise BrokerUnavailableError
        self._left -= 1
        self.ordered.append(delivery_id)
        await super().request_attempt(delivery_id, cause)


async def restored_unseen(outbound: Outbound, url: str) -> list[str]:
    """Put a backup in place after the last outbound has ended; return the mails of before."""
    stopped = lasting_watch(outbound, url)
    await stopped.check_at_start()
    return await restored(outbound, stopped)


async def test_outbound_that_was_stopped_sends_nothing_of_a_backup(
    outbound: Outbound, vhost_url: str
) -> None:
    mails = await restored_unseen(outbound, vhost_url)
    # Two pods start at once, and both look back before one of them has said anything.
    pods = [lasting_watch(outbound, vhost_url) for _ in range(2)]
    await asyncio.gather(*(pod.check_at_start() for pod in pods))

    for mail in mails:
        await outbound.delivering.deliver(mail)

    assert len(outbound.sink.kept) == 2
    assert {await outbound.state(mail) for mail in mails} == {State.UNCERTAIN}


async def test_restore_unseen_by_all_begins_a_generation(
    outbound: Outbound, vhost_url: str
) -> None:
    generations = JournalGenerations(outbound.backend.database, outbound.backend.clock)
    await restored_unseen(outbound, vhost_url)
    floor_of_backup = await generations.floor()

    await lasting_watch(outbound, vhost_url).check_at_start()
    floor = await generations.floor()
    await lasting_watch(outbound, vhost_url).check_at_start()

    assert floor_of_backup == 0
    assert floor > 2**23
    assert await generations.floor() == floor


@pytest.mark.parametrize("orders", [0, 1])
async def test_hold_that_was_interrupted_tells_all_authors_later(
    outbound: Outbound, vhost_url: str, orders: int
) -> None:
    mails = await restored_unseen(outbound, vhost_url)
    broken = InterruptedScheduler(outbound, orders)
    with pytest.raises(BrokerUnavailableError):
        await lasting_watch(outbound, vhost_url, broken).check_at_start()
    next_one = InterruptedScheduler(outbound, 10)

    await lasting_watch(outbound, vhost_url, next_one).check_at_start()

    assert len(broken.ordered) == orders
    assert sorted(next_one.ordered) == sorted(mails)


async def test_restore_that_was_noticed_once_is_not_noticed_again(
    outbound: Outbound, vhost_url: str
) -> None:
    mails = await restored_unseen(outbound, vhost_url)
    pod = lasting_watch(outbound, vhost_url)
    await pod.check_at_start()
    await uncertain_deliveries.resend_all(sure=True)
    await pod.request_due_attempts()

    await lasting_watch(outbound, vhost_url).check_at_start()

    assert {(await outbound.journal(mail)).state for mail in mails} == {DeliveryState.QUEUED}


async def test_restore_that_was_announced_is_not_noticed_again(
    outbound: Outbound, vhost_url: str
) -> None:
    mails = await restored_unseen(outbound, vhost_url)
    await announce_restore()
    await uncertain_deliveries.resend_all(sure=True)

    await lasting_watch(outbound, vhost_url).check_at_start()

    assert {(await outbound.journal(mail)).state for mail in mails} == {DeliveryState.QUEUED}


async def test_restart_without_a_restore_holds_nothing(outbound: Outbound, vhost_url: str) -> None:
    pod = lasting_watch(outbound, vhost_url)
    await pod.check_at_start()
    await pod.request_due_attempts()
    mail = await outbound.submit()

    await lasting_watch(outbound, vhost_url).check_at_start()

    assert (await outbound.journal(mail)).state is DeliveryState.QUEUED


async def test_record_that_was_deleted_is_made_again(outbound: Outbound, vhost_url: str) -> None:
    pod = lasting_watch(outbound, vhost_url)
    await pod.check_at_start()
    async with await aio_pika.connect(vhost_url) as connection:
        await (await connection.channel()).queue_delete(f"{OUTBOUND.name}.record")
    await pod.request_due_attempts()
    mails = await restored(outbound, pod)

    await lasting_watch(outbound, vhost_url).check_at_start()

    assert {(await outbound.journal(mail)).state for mail in mails} == {DeliveryState.UNCERTAIN}


async def test_record_of_another_database_says_nothing(outbound: Outbound, vhost_url: str) -> None:
    record = BrokerRecord(vhost_url, OUTBOUND, outbound.backend.publisher, name="test")
    await record.last()
    foreign = witness.WitnessCount("another", "somebody", 17, outbound.backend.clock.now())
    await record.append(foreign.as_bytes())
    mail = await outbound.submit()

    await lasting_watch(outbound, vhost_url).check_at_start()

    assert (await outbound.journal(mail)).state is DeliveryState.QUEUED


async def test_a_database_that_lost_nothing_holds_nothing(
    outbound: Outbound, vhost_url: str
) -> None:
    watch = lasting_watch(outbound, vhost_url)
    for _ in range(3):
        await watch.request_due_attempts()
    outbound.sink.behaviors = [DROP_AFTER_DOT]
    mail = await outbound.submit()
    await watch.request_due_attempts()

    assert (await outbound.journal(mail)).state is DeliveryState.QUEUED
