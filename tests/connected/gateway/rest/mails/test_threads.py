"""Reading other mails of a thread as the holder of one of them."""

from typing import Any

import httpx2
import pytest

from shared.domain.interaction import Address, Email, Interaction
from shared.domain.lifecycle import Direction, State
from tests.connected.plans import plans_of
from tests.described import require_described_answer
from tests.support.gateway import Gateway, failure

pytestmark = pytest.mark.connected

ANN = Address("ann@example.org")


def mail(number: int, *named: str, sender: Address = ANN) -> Email:
    nearest = named[0] if named else ""
    return Email(
        text=f"words {number}",
        sender=sender,
        message_id=f"<{number}@example.org>",
        in_reply_to=nearest,
        references=named[1:],
    )


async def done(gateway: Gateway, number: int, *named: str, **fields: Any) -> Interaction:
    """Store a finished mail."""
    sender = fields.pop("sender", ANN)
    return await gateway.store(
        state=State.COMPLETED, mail=mail(number, *named, sender=sender), **fields
    )


async def view(agent: httpx2.AsyncClient, one: Interaction) -> dict[str, Any]:
    return dict((await agent.get(f"/api/v2/ucs/interactions/{one.id}")).json())


@pytest.mark.parametrize("is_offered", [True, False])
async def test_owner_of_an_answer_reads_its_branches(
    gateway: Gateway, agent1: httpx2.AsyncClient, is_offered: bool
) -> None:
    root = await done(gateway, 1)
    second = await done(gateway, 2, thread_id=root.id, branches=(root.id, "B2"))
    assert "text" not in await view(agent1, root)

    hold = gateway.offered if is_offered else gateway.accepted
    await hold(thread_id=root.id, branches=(root.id, "B2", "B3"))

    assert (await view(agent1, root))["text"] == "words 1"
    assert (await view(agent1, second))["text"] == "words 2"


@pytest.mark.parametrize("is_offered", [True, False])
async def test_a_mail_is_begun_after_another_only_by_its_owner(
    gateway: Gateway, agent1: httpx2.AsyncClient, is_offered: bool
) -> None:
    parent = await (gateway.offered if is_offered else gateway.accepted)()
    body = {"operationName": "Create", "queueName": "drafts", "parentInteractionId": parent.id}

    answer = await agent1.post("/api/v2/me/interactions", json=body)

    assert answer.json()["statusCode"] == (5 if is_offered else 0)
    if not is_offered:
        assert (await gateway.command())["parent_id"] == parent.id


async def test_owner_of_an_earlier_branch_cannot_read_a_later_one(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    root = await gateway.accepted(mail=mail(1))
    within = await done(gateway, 2, thread_id=root.id, branches=(root.id,))
    later = await done(gateway, 3, thread_id=root.id, branches=(root.id, "B3"))

    assert "text" in await view(agent1, within)
    assert "text" not in await view(agent1, later)


async def test_a_mail_that_an_older_release_let_in_opens_nothing(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    root = await done(gateway, 1)
    await gateway.accepted(
        thread_id=root.id,
        parent_id=root.id,
        mail=mail(2, "<1@example.org>", sender=Address("thief@example.org")),
    )

    raw = await agent1.get(f"/api/v2/ucs/interactions/{root.id}/binary_content")

    assert "text" not in await view(agent1, root)
    assert (raw.status_code, failure(5, raw.json())) == (403, True)


async def test_thread_stored_by_an_older_release_stays_readable(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    root = await done(gateway, 1)
    await gateway.accepted(thread_id=root.id, mail=mail(2, "<0@x>", "<1@example.org>"))

    assert (await view(agent1, root))["text"] == "words 1"


async def test_an_original_that_came_after_its_answer_is_read_with_it(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    answer = await gateway.accepted(mail=mail(2, "<1@example.org>"))
    root = await done(gateway, 1)

    assert (await view(agent1, root))["text"] == "words 1"
    assert (await view(agent1, answer))["perhaps_related"] == [root.id]


async def test_recipient_of_a_redirect_opens_the_mail_it_names(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    root = await done(gateway, 1)
    expert = Address("expert@example.net")
    await gateway.accepted(mail=mail(2, "<1@example.org>", sender=expert))
    assert "text" not in await view(agent1, root)

    await gateway.store(
        direction=Direction.OUTBOUND,
        subtype="OutboundRedirect",
        state=State.SENT,
        parent_id=root.id,
        mail=Email(to=(expert,)),
    )

    assert (await view(agent1, root))["text"] == "words 1"


async def test_perhaps_related_is_told_to_who_may_read_the_other(gateway: Gateway) -> None:
    others = [await done(gateway, number) for number in (1, 2)]
    thief = Address("thief@example.org")
    named = ("<1@example.org>", "<2@example.org>")
    mine = await gateway.accepted(mail=mail(3, *named, sender=thief))

    told = await view(await gateway.client("admin"), mine)
    hidden = await view(await gateway.client("agent1"), mine)
    foreign = await view(await gateway.client("agent2"), mine)

    assert told["perhaps_related"] == [one.id for one in others]
    assert hidden["text"] == "words 3"
    assert "perhaps_related" not in hidden
    assert "perhaps_related" not in foreign


async def test_other_mails_of_a_holder_are_found_by_index(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    root = await done(gateway, 1)
    for number in range(50):
        await gateway.accepted("agent2", mail=mail(100 + number, "<1@example.org>"))
    await gateway.accepted(mail=mail(2, "<1@example.org>"))

    async with plans_of(gateway.backend.database, "interactions") as plans:
        await view(agent1, root)

    beside = [plan for plan in plans if plan.summary.count("IXSCAN") > 1]
    assert len(beside) == 1
    assert beside[0].examined <= 2 * beside[0].returned
    assert not any("COLLSCAN" in plan.summary for plan in plans)


async def test_thread_is_listed_oldest_first_by_pages(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    root = await done(gateway, 1, id="1", thread_id="1")
    answers = [await done(gateway, at, id=f"{at}", thread_id=root.id) for at in (2, 3)]
    await done(gateway, 4, thread_id="another")
    where = f"/api/v2/ucs/threads/{root.id}"

    first = await agent1.get(where, params={"fields": "*", "limit": 2})
    last = first.json()["interactions"][-1]["interaction_id"]
    second = await agent1.get(where, params={"fields": "interaction_id", "after": last})

    require_described_answer(first)
    shown = [one["interaction_id"] for one in first.json()["interactions"]]
    assert shown == [root.id, answers[0].id]
    assert first.json()["hasMore"] is True
    assert "words" not in first.text
    assert second.json()["interactions"] == [{"interaction_id": answers[1].id}]
    assert "hasMore" not in second.json()


async def test_unknown_thread_is_answered_404(agent1: httpx2.AsyncClient) -> None:
    answer = await agent1.get("/api/v2/ucs/threads/nothing")

    assert answer.status_code == 404
    assert failure(6, answer.json())
