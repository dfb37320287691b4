"""Administrators list discarded mails; the answer is as described."""

from datetime import timedelta

import pytest

from shared.contracts.retention import Retention
from shared.domain.lifecycle import State
from tests.described import require_described_answer
from tests.support.backend import CENTER
from tests.support.gateway import Gateway, failure

pytestmark = pytest.mark.connected

PATH = "/api/v2/ucs/discarded"


async def test_discarded_mails_are_listed_newest_first(gateway: Gateway) -> None:
    for name, reason in (("1", "spam"), ("2", "news"), ("3", "spam")):
        data = {"_Discarded": reason}
        await gateway.store(id=name, state=State.COMPLETED, thread_id=name, user_data=data)
    await gateway.store(id="4", state=State.COMPLETED, thread_id="4")
    keeping = {"retention": Retention(discarded=timedelta(days=30))}
    await gateway.describe(CENTER.model_copy(update=keeping))
    admin = await gateway.client("admin")

    first = await admin.get(PATH, params={"fields": "*", "limit": 2})
    wanted = {"fields": "interaction_id,reason", "after": "2"}
    second = await admin.get(PATH, params=wanted)

    require_described_answer(first)
    body = first.json()
    assert [one["interaction_id"] for one in body["interactions"]] == ["3", "2"]
    assert body["hasMore"] is True
    assert {"reason", "deletedAfter", "uri"} <= set(body["interactions"][0])
    assert second.json()["interactions"] == [{"interaction_id": "1", "reason": "spam"}]


async def test_discarded_mails_of_one_mailbox_are_listed(gateway: Gateway) -> None:
    for name, mailbox in (("1", "support@demo.example"), ("2", "gone@demo.example")):
        await gateway.store(
            id=name,
            state=State.COMPLETED,
            thread_id=name,
            mailbox=mailbox,
            user_data={"_Discarded": "spam"},
        )
    admin = await gateway.client("admin")
    found = {}

    for address in ("Support+x@DEMO.example", "Gone@demo.example", "nobody@demo.example", ""):
        answer = await admin.get(
            PATH, params={"fields": "interaction_id", "mailbox": address, "limit": 5}
        )
        require_described_answer(answer)
        found[address] = [one["interaction_id"] for one in answer.json()["interactions"]]

    assert list(found.values()) == [["1"], ["2"], [], ["2", "1"]]


async def test_discarded_mails_are_for_administrators(gateway: Gateway) -> None:
    agent = await gateway.client("agent1")

    answer = await agent.get(PATH)

    assert answer.status_code == 403
    assert failure(answer.json()["statusCode"], answer.json())
