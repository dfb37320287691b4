"""Operations that an agent asks for without waiting for what came of the one before."""

import asyncio
from typing import Any

import pytest

from tests.contract.desk import Desk

pytestmark = [pytest.mark.connected, pytest.mark.journey]


async def test_a_whole_answer_goes_out_without_a_wait(desk: Desk) -> None:
    mail = (await desk.invited())["id"]

    await desk.do(mail, "Accept")
    draft = (await desk.do(mail, "Reply", queueName="drafts"))["replyInteractionId"]
    await desk.do(draft, "Save", email_object={"text": "almost"})
    await desk.do(draft, "Send", queueName="drafts", email_object={"text": "done"})
    await desk.do(mail, "Complete")

    assert (await desk.hear("Sent", draft))["id"] == draft
    assert (await desk.hear("Completed", mail))["id"] == mail


async def test_of_many_saves_without_a_wait_the_last_one_stays(desk: Desk) -> None:
    draft = (await desk.create(interactionType="Outbound", interactionSubType="OutboundNew"))["id"]

    for number in range(8):
        await desk.do(draft, "Save", email_object={"text": f"version {number}"})

    told: Any = None
    for _ in range(8):
        told = await desk.hear("ReplyCreated", draft, "EmailSaved")
    assert told["email_object"]["Text"] == "version 7"


async def test_a_reply_is_not_lost_to_the_end_of_the_work(desk: Desk) -> None:
    mail = (await desk.accepted())["id"]

    for _ in range(5):
        draft = (await desk.do(mail, "Reply", queueName="drafts"))["replyInteractionId"]
        await desk.do(mail, "PlaceInWorkbin", workbin="email.draft")
        await desk.do(mail, "PullInteraction")

        assert await desk.hear("ReplyCreated", draft)
        assert await desk.hear("Accepted", mail)


async def test_what_is_sent_at_once_counts_in_the_order_it_came(desk: Desk) -> None:
    mail = (await desk.invited())["id"]

    answers = await asyncio.gather(
        desk.ask(mail, "Accept"), desk.ask(mail, "Reply", queueName="drafts")
    )

    assert answers[0].status_code == 200
    assert answers[1].status_code in (200, 409)
    if answers[1].status_code == 200:
        assert await desk.hear("ReplyCreated", answers[1].json()["replyInteractionId"])


async def test_after_a_reject_a_reply_is_refused_as_it_should_be(desk: Desk) -> None:
    mail = (await desk.invited())["id"]

    await desk.do(mail, "Reject")
    answer = await desk.ask(mail, "Reply", queueName="drafts")

    assert answer.status_code in (403, 409)
    assert "on its way" not in answer.text
