"""Operations that an agent asks for without waiting for what came of the one before."""

import asyncio
from typing import Any

import pytest

from tests.contract.agent_desktop import AgentDesktop

pytestmark = [pytest.mark.connected, pytest.mark.journey]


async def test_a_whole_answer_goes_out_without_a_wait(desktop: AgentDesktop) -> None:
    mail = (await desktop.invited())["id"]

    await desktop.do(mail, "Accept")
    draft = (await desktop.do(mail, "Reply", queueName="drafts"))["replyInteractionId"]
    await desktop.do(draft, "Save", email_object={"text": "almost"})
    await desktop.do(draft, "Send", queueName="drafts", email_object={"text": "done"})
    await desktop.do(mail, "Complete")

    assert (await desktop.hear("Sent", draft))["id"] == draft
    assert (await desktop.hear("Completed", mail))["id"] == mail


async def test_saves_without_a_wait_leave_the_last_one(desktop: AgentDesktop) -> None:
    draft = (await desktop.create(interactionType="Outbound", interactionSubType="OutboundNew"))[
        "id"
    ]

    for number in range(8):
        await desktop.do(draft, "Save", email_object={"text": f"version {number}"})

    told: Any = None
    for _ in range(8):
        told = await desktop.hear("ReplyCreated", draft, "EmailSaved")
    assert told["email_object"]["Text"] == "version 7"


async def test_a_reply_is_not_lost_to_the_end_of_the_work(desktop: AgentDesktop) -> None:
    mail = (await desktop.accepted())["id"]

    for _ in range(5):
        draft = (await desktop.do(mail, "Reply", queueName="drafts"))["replyInteractionId"]
        await desktop.do(mail, "PlaceInWorkbin", workbin="email.draft")
        await desktop.do(mail, "PullInteraction")

        assert await desktop.hear("ReplyCreated", draft)
        assert await desktop.hear("Accepted", mail)


async def test_operations_sent_at_once_count_in_order_of_arrival(desktop: AgentDesktop) -> None:
    mail = (await desktop.invited())["id"]

    answers = await asyncio.gather(
        desktop.ask(mail, "Accept"), desktop.ask(mail, "Reply", queueName="drafts")
    )

    assert answers[0].status_code == 200
    assert answers[1].status_code in (200, 409)
    if answers[1].status_code == 200:
        assert await desktop.hear("ReplyCreated", answers[1].json()["replyInteractionId"])


async def test_after_a_reject_a_reply_is_refused_as_it_should_be(desktop: AgentDesktop) -> None:
    mail = (await desktop.invited())["id"]

    await desktop.do(mail, "Reject")
    answer = await desktop.ask(mail, "Reply", queueName="drafts")

    assert answer.status_code in (403, 409)
    assert "on its way" not in answer.text
