"""Operations one after the other, while the service that has the first is stopped or killed."""

import asyncio
import signal

import pytest

from tests.faults.test_killed_with_one_mail import OneMailScenario, case
from tests.support.waiting import until

__all__ = ["case"]

pytestmark = [pytest.mark.connected, pytest.mark.faults]


@pytest.mark.parametrize("then", [signal.SIGCONT, signal.SIGKILL])
async def test_a_reply_follows_an_accept_that_routing_has_not_handled(
    case: OneMailScenario, then: signal.Signals
) -> None:
    await case.senders.hand_in([case.mail])
    inbound = await case.invited()
    case.breakable.signal("routing", signal.SIGSTOP)

    await case.order(inbound, "Accept")
    reply = asyncio.create_task(case.order(inbound, "Reply", queueName="drafts"))
    done, _ = await asyncio.wait([reply], timeout=1)
    case.breakable.signal("routing", then)

    assert not done
    draft = (await reply)["replyInteractionId"]
    assert (await case.agent.wait_for_state("ReplyCreated"))["id"] == draft
    await case.completed(inbound)


@pytest.mark.parametrize("then", [signal.SIGCONT, signal.SIGKILL])
async def test_the_end_of_the_work_follows_a_reply_not_yet_begun(
    case: OneMailScenario, then: signal.Signals
) -> None:
    await case.senders.hand_in([case.mail])
    inbound = await case.invited()
    await case.order(inbound, "Accept")
    await case.agent.wait_for_state("Accepted")
    case.breakable.signal("composition", signal.SIGSTOP)

    answer = await case.order(inbound, "Reply", queueName="drafts")
    end = asyncio.create_task(case.order(inbound, "Complete"))
    send = asyncio.create_task(
        case.order(answer["replyInteractionId"], "Send", email_object={"text": "It is done."})
    )
    done, _ = await asyncio.wait([end, send], timeout=1)
    case.breakable.signal("composition", then)

    assert not done
    await asyncio.gather(end, send)

    async def holds() -> bool:
        record = await case.record()
        ends = {one.id: one.state for one in record.inbound}
        ends |= {one.id: one.state for one in record.replies}
        return ends == {inbound: "completed", answer["replyInteractionId"]: "sent"}

    assert await until(holds, 20)
