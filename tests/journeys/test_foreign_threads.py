"""An agent who mails in cannot read the mails of a colleague and the customer."""

import json
import re
from email import message_from_bytes
from email.utils import parseaddr

import pytest

from deploy.local.stack.system import System
from tests.cometd_client import CometdAgent
from tests.journeys.listening import hear, two_sessions
from tests.support.clients import AgentClient, customer_mail, hand_in

pytestmark = [pytest.mark.connected, pytest.mark.journey]


async def accepted(cometd_agent: CometdAgent, agent: AgentClient) -> str:
    """Return the id of the next mail that an agent is offered and takes."""
    invited = await hear(cometd_agent, "Invited")
    await agent.post(invited["id"], "Accept")
    await hear(cometd_agent, "Accepted", invited["id"])
    return str(invited["id"])


async def shown(agent: AgentClient, interaction_id: str) -> str:
    """Return everything that the API shows an agent of a mail, as text."""
    paths = (f"/interactions/{interaction_id}", f"/ucs/interactions/{interaction_id}")
    bodies = [(await agent.get(path)).json() for path in (*paths, "/interactions?fields=*")]
    return json.dumps(bodies)


async def test_colleague_forging_the_customer_reads_nothing(
    running: System, agent1: AgentClient, agent2: AgentClient
) -> None:
    async with two_sessions(running) as (first, second):
        await agent1.set_channel("Ready")
        await hand_in(customer_mail("Salary"), running.addresses.smtp)
        foreign = await accepted(first, agent1)
        await agent1.set_channel("NotReady")
        seen = await shown(agent2, foreign)
        ids = re.findall(r"<[^<>@\s]+@[^<>\s]+>", seen)
        named = " ".join([*ids, f"<{foreign}@demo.example>", f"<{foreign}@example.org>"])
        await agent2.set_channel("Ready")
        for sender, reference in (("ann", named), ("thief", "<Salary@example.org>")):
            forged = customer_mail(f"From {sender}", In_Reply_To=reference)
            forged = forged.replace(b"Ann <ann@", f"Ann <{sender}@".encode())
            await hand_in(forged, running.addresses.smtp)

            mine = await accepted(second, agent2)
            view = (await agent2.get(f"/ucs/interactions/{foreign}")).json()
            raw = await agent2.get(f"/ucs/interactions/{foreign}/binary_content")
            own = (await agent2.get(f"/ucs/interactions/{mine}")).json()

            assert (raw.status_code, raw.json()["statusCode"]) == (403, 5)
            assert not {"text", "external_id", "udata"} & view.keys()
            assert own["thread_id"] == mine
            assert "perhaps_related" not in own
            await agent2.post(mine, "Complete")
            await hear(second, "Completed", mine)
        await agent1.post(foreign, "Complete")
        await hear(first, "Completed", foreign)
        await agent2.set_channel("NotReady")


async def test_a_customers_answer_brings_the_earlier_mails_along(
    running: System, agent1: AgentClient, agent2: AgentClient
) -> None:
    async with two_sessions(running) as (first, second):
        await agent1.set_channel("Ready")
        await hand_in(customer_mail("Question"), running.addresses.smtp)
        asked = await accepted(first, agent1)
        answer = (await agent1.post(asked, "Reply", queueName="drafts"))["replyInteractionId"]
        await hear(first, "ReplyCreated", answer)
        words = {"text": "It is 17."}
        await agent1.post(answer, "Send", queueName="drafts", email_object=words)
        await hear(first, "Sent", answer)
        sent = message_from_bytes((await running.sink.arrivals.get()).file.read_bytes())
        await agent1.post(asked, "Complete")
        await hear(first, "Completed", asked)
        await agent1.set_channel("NotReady")
        await agent2.set_channel("Ready")

        back = customer_mail("Re: Question", In_Reply_To=sent["Message-ID"])
        await hand_in(back.replace(b"<ann@", b"<Ann+work@"), running.addresses.smtp)
        mine = await accepted(second, agent2)

        earlier = [(await agent2.get(f"/ucs/interactions/{one}")).json() for one in (asked, answer)]
        assert [one["text"] for one in earlier] == ["Hello,\nhere is invoice 17.", "It is 17."]
        assert {one["thread_id"] for one in earlier} == {asked}
        await agent2.post(mine, "Complete")
        await hear(second, "Completed", mine)

        # Without References, from another address: only the address that we asked for proves it.
        aside = customer_mail("Another subject").replace(
            b"<ann@example.org>", b"<ann@work.example>"
        )
        answers_to = parseaddr(sent["Reply-To"])[1].encode()
        await hand_in(aside.replace(b"support@demo.example", answers_to), running.addresses.smtp)
        theirs = await accepted(second, agent2)

        view = (await agent2.get(f"/ucs/interactions/{theirs}")).json()
        assert view["thread_id"] == asked
        contact = await agent2.get(f"/ucs/contacts/{view['customer_id']}")
        assert contact.json()["contact"]["addresses"] == ["ann@work.example"]
        # Ingest has stored it, by the rights that it has.
        assert contact.headers["ETag"] == '"1"'
        assert view["to"] == [{"address": "support@demo.example"}]
        await agent2.post(theirs, "Complete")
        await hear(second, "Completed", theirs)
        await agent2.set_channel("NotReady")
