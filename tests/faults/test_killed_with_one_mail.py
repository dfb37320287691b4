"""Services killed at the instants that matter most, with one mail on its way."""

import asyncio
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from deploy.local.agent_client import AgentClient, Message, logged_in
from tests.support.clients import hand_in
from tests.support.record_checker import ACCEPTED, Fault, RunRecord, check
from tests.support.systems.breakable_system import BreakableSystem, new_run
from tests.support.systems.mail_senders import LOST, MailSenders, message_ids
from tests.support.waiting import until

pytestmark = [pytest.mark.connected, pytest.mark.faults]


@dataclass
class OneMailScenario:
    """One mail, its sender, and one agent."""

    breakable: BreakableSystem
    agent: AgentClient
    senders: MailSenders
    run: str
    mail: str

    async def invited(self) -> str:
        """Return the id of the interaction that the agent is invited to for this mail."""
        async with asyncio.timeout(30):
            while True:
                message = await self.agent.wait_for_state("Invited")
                if self.run in message["email_object"]["subject"]:
                    return str(message["id"])

    async def order(self, interaction_id: str, operation: str, **parameters: object) -> Message:
        body = {"operationName": operation, **parameters}
        return await self.agent.post(f"/me/interactions/{interaction_id}", body)

    async def submitted(self) -> tuple[str, str]:
        """Hand the mail in and send an answer; return the ids of both interactions."""
        await self.senders.hand_in([self.mail])
        inbound = await self.invited()
        await self.order(inbound, "Accept")
        await self.agent.wait_for_state("Accepted")
        answer = await self.order(inbound, "Reply", queueName="drafts")
        await self.agent.wait_for_state("ReplyCreated")
        await self.order(answer["replyInteractionId"], "Send", email_object={"text": "It is done."})
        return inbound, answer["replyInteractionId"]

    async def completed(self, inbound: str) -> None:
        await self.order(inbound, "Complete")
        await self.agent.wait_for_state("Completed")

    async def record(self, **told: str) -> RunRecord:
        """Return the record; `told` are the final states that the agent was told."""
        found = await self.breakable.record(self.run, self.senders.answers)
        return replace(found, told={one: frozenset({state}) for one, state in told.items()})

    async def stored(self, copies: int) -> bool:
        """Say whether so many stored mails are accounted for by one interaction within 20 s."""

        async def holds() -> bool:
            record = await self.breakable.record(self.run, self.senders.answers)
            noted = [len(one.arrivals) for one in record.inbound]
            return len(record.arrivals) == copies and noted == [copies]

        return await until(holds, 20)


@pytest.fixture
async def case(breakable: BreakableSystem) -> AsyncIterator[OneMailScenario]:
    """A mail that is not handed in yet, and an agent who waits for it."""
    run = new_run()
    async with logged_in(breakable.system.gateway_url, "agent1", "agent1") as agent:
        await agent.post("/me/channels/email", {"operationName": "Ready"})
        yield OneMailScenario(breakable, agent, breakable.senders(), run, message_ids(run, 1)[0])
        await agent.post("/me/channels/email", {"operationName": "NotReady"})


async def finished(case: OneMailScenario, inbound: str) -> list[str]:
    """Accept and complete; return what the checker finds besides the missing answer."""
    await case.order(inbound, "Accept")
    await case.agent.wait_for_state("Accepted")
    await case.completed(inbound)
    record = await case.record(**{inbound: "Completed"})
    return [str(one) for one in check(record) if one.fault is not Fault.UNANSWERED]


async def test_mail_is_not_accepted_when_ingest_dies_before_storing(case: OneMailScenario) -> None:
    await case.breakable.arm("ingest", "intake.before_store")

    first = await case.senders.try_once(case.mail)
    code = await case.breakable.ends("ingest")
    await case.senders.hand_in([case.mail])
    inbound = await case.invited()

    assert (first, code) == (LOST, -signal.SIGKILL)
    assert await case.stored(copies=1)
    assert await finished(case, inbound) == []


async def test_mail_stored_by_a_dying_ingest_twice_is_one_interaction(
    case: OneMailScenario,
) -> None:
    await case.breakable.arm("ingest", "intake.after_store")

    first = await case.senders.try_once(case.mail)
    code = await case.breakable.ends("ingest")
    await case.senders.hand_in([case.mail])
    inbound = await case.invited()

    assert (first, code) == (LOST, -signal.SIGKILL)
    assert await case.stored(copies=2)
    assert await finished(case, inbound) == []


@pytest.mark.parametrize(
    "point",
    ["ingest.after_answer", "ingest.before_parse", "announcer.before_publish"],
    ids=["answered", "stored and not yet parsed", "parsed and not yet announced"],
)
async def test_accepted_mail_of_a_dead_ingest_needs_no_second_try(
    case: OneMailScenario, point: str
) -> None:
    await case.breakable.arm("ingest", point)

    first = await case.senders.try_once(case.mail)
    code = await case.breakable.ends("ingest")
    inbound = await case.invited()

    assert (first, code) == (ACCEPTED, -signal.SIGKILL)
    assert await case.stored(copies=1)
    assert await finished(case, inbound) == []


@pytest.mark.parametrize("point", ["announcer.before_publish", "announcer.after_publish"])
async def test_invitation_of_a_dying_routing_reaches_the_agent(
    case: OneMailScenario, point: str
) -> None:
    await case.breakable.arm("routing", point)

    await case.senders.hand_in([case.mail])
    code = await case.breakable.ends("routing")
    inbound = await case.invited()

    assert code == -signal.SIGKILL
    assert await finished(case, inbound) == []


async def test_answer_is_sent_once_when_outbound_dies_before_the_dot(case: OneMailScenario) -> None:
    await case.breakable.arm("outbound", "outbound.before_dot")

    inbound, reply = await case.submitted()
    code = await case.breakable.ends("outbound")
    sent = await case.agent.wait_for_state("Sent")
    await case.completed(inbound)

    record = await case.record(**{inbound: "Completed", reply: "Sent"})
    assert (code, sent["id"]) == (-signal.SIGKILL, reply)
    assert check(record) == []
    assert len(record.sent_mails) == 1


@pytest.mark.parametrize("point", ["outbound.after_dot", "outbound.after_250"])
async def test_answer_is_uncertain_when_outbound_dies_after_the_dot(
    case: OneMailScenario, point: str
) -> None:
    await case.breakable.arm("outbound", point)

    inbound, reply = await case.submitted()
    code = await case.breakable.ends("outbound")
    uncertain = await case.agent.wait_for_state("Uncertain")
    await case.completed(inbound)

    record = await case.record(**{inbound: "Completed", reply: "Uncertain"})
    assert (code, uncertain["id"]) == (-signal.SIGKILL, reply)
    assert "may or may not" in uncertain["reason"]
    assert check(record) == []
    assert len(record.sent_mails) == 1
    assert [one.journal for one in record.replies] == ["UNCERTAIN"]


async def test_restarted_gateway_shows_agents_their_work_again(case: OneMailScenario) -> None:
    await case.senders.hand_in([case.mail])
    inbound = await case.invited()

    case.breakable.signal("gateway", signal.SIGKILL)
    await case.breakable.ends("gateway")
    async with asyncio.timeout(20):
        again = await case.invited()

    assert again == inbound
    assert await finished(case, inbound) == []


@pytest.mark.parametrize(
    "point",
    ["ingest.after_report", "ingest.after_report_interaction", "ingest.after_report_announced"],
    ids=["report stored", "interaction stored", "sent mail changed"],
)
async def test_a_report_of_a_dying_ingest_is_told_once(case: OneMailScenario, point: str) -> None:
    inbound, reply = await case.submitted()
    await case.agent.wait_for_state("Sent")
    sent = await case.breakable.database["interactions"].find_one({"_id": reply})
    assert sent
    await case.breakable.arm("ingest", point)

    await hand_in(
        delivery_report(sent["mail"]["message_id"]), case.breakable.system.addresses.smtp, sender=""
    )
    code = await case.breakable.ends("ingest")
    told = await case.agent.wait_for_state("Sent")
    await case.completed(inbound)

    assert (code, told["notificationType"]) == (-signal.SIGKILL, "DeliveryReport")
    assert await until(lambda: _is_told_once(case, reply, sent["version"] + 1), 20)


async def _is_told_once(case: OneMailScenario, reply: str, version: int) -> bool:
    """Say whether one report and one completed child are stored, and the sent mail changed once."""
    database = case.breakable.database
    reports = await database["reports"].find({"delivery_id": reply}).to_list()
    children = await database["interactions"].find({"parent_id": reply}).to_list()
    sent = await database["interactions"].find_one({"_id": reply})
    owing = await database["arrivals"].count_documents({"outbox.0": {"$exists": True}})
    return (
        [one["interaction_id"] for one in reports] == [one["_id"] for one in children]
        and [one["state"] for one in children] == ["completed"]
        and sent is not None
        and (sent["version"], owing) == (version, 0)
    )


def delivery_report(message_id: str) -> bytes:
    """Return a server's report on a mail of ours."""
    return (
        "From: MAILER-DAEMON@mx.example\r\nTo: support@demo.example\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        "Final-Recipient: rfc822; ann@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {message_id}\r\n\r\n--b--\r\n"
    ).encode()
