"""Messages that cannot be handled are parked with their reason, and nothing waits for them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from bson import CodecOptions

from deploy.local.agent_client import logged_in
from shared.contracts.commands import ParseMail
from shared.contracts.envelope import Cause
from shared.contracts.outgoing import wrap
from shared.domain.clock import SystemClock
from shared.messaging.topology import INGEST, ROUTING, WORK_QUEUES, WorkQueue
from shared.storage.parked_messages import ParkedMessage, ParkedStore
from tests.support.systems.breakable_system import BreakableSystem, new_run
from tests.support.systems.mail_senders import message_ids
from tests.support.waiting import until

pytestmark = [pytest.mark.connected, pytest.mark.faults]


@dataclass
class ParkedMessages:
    """Everything that is parked, as an operator sees it."""

    channel: AbstractChannel
    store: ParkedStore

    async def put(self, queue: WorkQueue, body: bytes, message_id: str) -> None:
        message = aio_pika.Message(body, message_id=message_id, delivery_mode=2)
        await self.channel.default_exchange.publish(message, queue.name)

    async def parked(self, queue: WorkQueue) -> ParkedMessage:
        """Return the next parked message and take it away."""
        found: list[ParkedMessage] = []

        async def holds() -> bool:
            found.extend((await self.store.of(queue.name))[:1])
            return bool(found)

        assert await until(holds, 20)
        await self.store.forget(found[0])
        return found[0]

    async def waiting(self, queue: WorkQueue) -> int:
        """Return how many messages are parked, here or there."""
        declared = await self.channel.declare_queue(queue.parking, passive=True)
        in_broker = declared.declaration_result.message_count or 0
        return in_broker + len(await self.store.of(queue.name))


@pytest.fixture
async def parking(breakable: BreakableSystem) -> AsyncIterator[ParkedMessages]:
    """The parking queues of the system."""
    connection = await aio_pika.connect(breakable.rabbitmq_url)
    async with connection:
        yield ParkedMessages(
            await connection.channel(),
            ParkedStore(
                breakable.database.with_options(codec_options=CodecOptions(tz_aware=True)),
                SystemClock(),
            ),
        )


async def mail_flows(breakable: BreakableSystem) -> bool:
    """Say whether a mail handed in now reaches an agent and leaves nothing open."""
    (mail,) = message_ids(new_run(), 1)
    async with logged_in(breakable.system.gateway_url, "agent1", "agent1") as agent:
        await agent.post("/me/channels/email", {"operationName": "Ready"})
        await breakable.senders().hand_in([mail])
        invited = await agent.wait_for_state("Invited")
        for operation, state in (("Accept", "Accepted"), ("Complete", "Completed")):
            path = f"/me/interactions/{invited['id']}"
            await agent.post(path, {"operationName": operation})
            await agent.wait_for_state(state)
        await agent.post("/me/channels/email", {"operationName": "NotReady"})
    return True


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff\xfe", b"[]", b'{"body": {"type": "routing.fly-away.v1"}}'],
    ids=["cut off", "no text", "no envelope", "unknown command"],
)
async def test_invalid_message_is_parked_with_reason_while_mail_flows(
    breakable: BreakableSystem, parking: ParkedMessages, body: bytes
) -> None:
    for queue in WORK_QUEUES:
        await parking.put(queue, body, str(uuid4()))

    assert await mail_flows(breakable)
    for queue in WORK_QUEUES:
        message = await parking.parked(queue)
        assert message.body == body
        assert message.reason
        assert await parking.waiting(queue) == 0


async def test_always_failing_command_is_parked_once_while_mail_flows(
    breakable: BreakableSystem, parking: ParkedMessages
) -> None:
    command = wrap(ParseMail(arrival_id="nothing"), Cause(), SystemClock().now())
    await parking.put(INGEST, command.body, command.id)

    assert await mail_flows(breakable)
    message = await parking.parked(INGEST)
    assert (message.message_id, message.body) == (command.id, command.body)
    assert message.reason == "UnknownArrivalError: nothing"
    assert [await parking.waiting(queue) for queue in (INGEST, ROUTING)] == [0, 0]
