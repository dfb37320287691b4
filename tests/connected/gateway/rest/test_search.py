"""Search of what an agent has at hand, by subject, addresses and words."""

from dataclasses import replace
from typing import Any

import httpx2
import pytest

from shared.contracts.events import DraftSaved
from shared.domain.interaction import Address, Email, Interaction, Place
from shared.domain.lifecycle import Operation, State
from shared.storage.interactions.interaction_store import Change
from tests.support.backend import cause
from tests.support.gateway import Gateway, failure

pytestmark = pytest.mark.connected

PATH = "/api/v2/me/interactions/search"
LONG_TEXT = "lorem ipsum " * 800 + "behind"


def mail(subject: str = "", text: str = "", sender: str = "ann@example.org") -> dict[str, Any]:
    to = (Address("support@demo.example", "Support"),)
    return {"mail": Email(subject=subject, text=text, sender=Address(sender, "Änne"), to=to)}


async def found(client: httpx2.AsyncClient, words: str) -> list[str]:
    answer = await client.get(PATH, params={"q": words})
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["interactions"]]


@pytest.fixture
async def invoice(gateway: Gateway) -> Interaction:
    """A mail that agent1 works on."""
    return await gateway.accepted(**mail("Invoice 17", f"It was paid twice. {LONG_TEXT}"))


@pytest.mark.parametrize(
    "words",
    ["invoice", "INVOICE 17", "twice paid", "ann@example.org", "anne", "support", "-invoice"],
)
async def test_work_is_found_by_subject_address_and_words(
    invoice: Interaction, agent1: httpx2.AsyncClient, words: str
) -> None:
    assert await found(agent1, words) == [invoice.id]


@pytest.mark.usefixtures("invoice")
@pytest.mark.parametrize("words", ["invoice 18", "invo", "behind", "invoice -lost"])
async def test_mail_that_lacks_a_word_is_not_found(agent1: httpx2.AsyncClient, words: str) -> None:
    assert await found(agent1, words) == []


async def test_the_first_300_different_words_are_found(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    text = " ".join(f"same word{number}" for number in range(400))
    mine = await gateway.accepted(**mail("lamp", text))

    assert await found(agent1, "word0 word298") == [mine.id]
    assert await found(agent1, "word299") == []


async def test_only_what_is_at_hand_is_found(gateway: Gateway, agent1: httpx2.AsyncClient) -> None:
    texts = mail("lamp", "broken lamp")
    own = await gateway.accepted(**texts)
    draft = await gateway.drafted(**texts)
    places = [
        Place("email.draft", "agent1"),
        Place("shared", "support", of_group=True),
        Place("email.draft", "agent2"),
        Place("shared", "nobody", of_group=True),
        # A workbin of an agent who is called as a group is.
        Place("email.draft", "support"),
    ]
    kept = [await gateway.store(state=State.IN_WORKBIN, place=one, **texts) for one in places]
    await gateway.offered(**texts)
    await gateway.accepted("agent2", **texts)
    await gateway.store(state=State.QUEUED, **texts)
    await gateway.store(state=State.COMPLETED, owner_id="agent1", **texts)

    answer = (await agent1.get(PATH, params={"q": "lamp broken"})).json()

    wanted = {own.id, draft.id, kept[0].id, kept[1].id}
    assert {one["id"] for one in answer["interactions"]} == wanted
    bins = (await agent1.get("/api/v2/me/workbins")).json()["workbins"]
    named = {one["id"] for one in answer["interactions"] if "workbinId" in one}
    assert named == {kept[0].id, kept[1].id}
    assert {one["workbinId"] for one in answer["interactions"] if "workbinId" in one} & {
        one["id"] for one in bins
    }
    assert not [one for one in answer["interactions"] if "Text" in one["email_object"]]


async def test_words_of_a_draft_are_found_as_they_are_now(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted(**mail("Re: lamp", "first"))

    def decide(before: Interaction) -> Change:
        after = before.after(Operation.SAVE, mail=replace(before.mail, text="second"))
        return Change(after, [DraftSaved.of(after, "agent1")])

    await gateway.backend.interactions.change(draft.id, cause(), decide)

    assert (await found(agent1, "first"), await found(agent1, "second")) == ([], [draft.id])


async def test_limit_cuts_and_says_so(gateway: Gateway, agent1: httpx2.AsyncClient) -> None:
    for _ in range(3):
        await gateway.accepted(**mail("lamp"))

    answer = (await agent1.get(PATH, params={"q": "lamp", "limit": "2"})).json()

    assert (len(answer["interactions"]), answer["hasMore"]) == (2, True)


@pytest.mark.parametrize("query", [{}, {"q": ""}, {"q": "x" * 201}, {"q": "x", "limit": "0"}])
async def test_search_that_asks_for_nothing_is_refused(
    agent1: httpx2.AsyncClient, query: dict[str, str]
) -> None:
    answer = await agent1.get(PATH, params=query)

    assert answer.status_code == 400
    assert failure(answer.json()["statusCode"], answer.json())
