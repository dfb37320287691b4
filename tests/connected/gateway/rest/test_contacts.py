"""Agents read and change contacts, administrators merge them; the answers are as described."""

import asyncio
from typing import Any

import httpx2
import pytest

from shared.domain.contacts.contact import MOST_MERGED, Contact, contact_id
from shared.domain.interaction import Address, Email
from shared.storage.contacts import contact_store
from shared.storage.contacts.contact_documents import to_document
from shared.storage.contacts.contact_store import ContactStore
from tests.described import require_described_answer
from tests.support.gateway import Gateway, failure

pytestmark = pytest.mark.connected

ANN, BOB = "ann@example.org", "bob@example.org"
CONTACTS = "/api/v2/ucs/contacts"


def path(address: str) -> str:
    return f"{CONTACTS}/{contact_id(address)}"


async def look_at(answer: httpx2.Response) -> None:
    """Compare an answer with the API's description."""
    await answer.aread()
    require_described_answer(answer)


@pytest.fixture
async def admin(gateway: Gateway) -> httpx2.AsyncClient:
    """The client of an administrator, whose answers have to be as described."""
    client = await gateway.client("admin")
    client.event_hooks["response"] = [look_at]
    return client


@pytest.fixture
async def agent(gateway: Gateway) -> httpx2.AsyncClient:
    """The client of an agent, whose answers have to be as described."""
    client = await gateway.client("agent1")
    client.event_hooks["response"] = [look_at]
    return client


@pytest.fixture(autouse=True)
async def written(gateway: Gateway) -> None:
    """Two contacts, with a mail each."""
    store = ContactStore(gateway.backend.database, gateway.backend.clock)
    for name, address in (("Ann", ANN), ("Bob", BOB)):
        await store.meet(address, name, makes=True)
        await gateway.store(
            owner_id="agent2",
            contact_id=contact_id(address),
            mail=Email(sender=Address(address), subject=name, message_id=f"<{name}@x>"),
        )


async def subjects(client: httpx2.AsyncClient, address: str, query: str = "") -> list[str]:
    """Return the subjects of a contact's mails, as a page lists them."""
    answer = await client.get(f"{path(address)}/interactions?fields=*{query}")
    return [one["subject"] for one in answer.json()["interactions"]]


async def test_a_contact_is_found_by_any_spelling(agent: httpx2.AsyncClient) -> None:
    answer = await agent.get(f"{CONTACTS}?emailAddress=ANN%2Bx@Example.org&fields=*")

    (found,) = answer.json()["contacts"]
    assert (found["id"], found["name"], found["addresses"]) == (contact_id(ANN), "Ann", [ANN])
    assert found["lastAgentId"] == "agent2"


async def test_unknown_address_finds_nobody(agent: httpx2.AsyncClient) -> None:
    answer = await agent.get(f"{CONTACTS}?emailAddress=who@example.org")

    assert answer.json() == {"statusCode": 0, "uris": []}


@pytest.mark.parametrize(
    ("query", "status_code"),
    [("", 1), ("?emailAddress=nobody", 10), (f"?emailAddress={'x' * 4000}@example.org", 10)],
)
async def test_a_search_without_an_address_is_refused(
    agent: httpx2.AsyncClient, query: str, status_code: int
) -> None:
    assert failure(status_code, (await agent.get(f"{CONTACTS}{query}")).json())


async def test_an_unknown_contact_is_not_found(
    agent: httpx2.AsyncClient, admin: httpx2.AsyncClient
) -> None:
    nowhere = path("who@example.org")
    answers = [
        await agent.get(nowhere),
        await agent.get(f"{nowhere}/interactions"),
        await agent.put(nowhere, json={"name": "x"}),
        await admin.post(nowhere, json={"operationName": "UndoMerge"}),
    ]

    assert {(one.status_code, one.json()["statusCode"]) for one in answers} == {(404, 6)}


async def test_a_contact_is_changed_at_the_version_that_was_read(
    agent: httpx2.AsyncClient,
) -> None:
    tag = {"If-Match": (await agent.get(path(ANN))).headers["ETag"]}
    change: dict[str, Any] = {"name": "Ann E.", "language": "de", "attributes": {"Vip": "yes"}}

    first = await agent.put(path(ANN), json=change, headers=tag)
    second = await agent.put(path(ANN), json={"name": "Other"}, headers=tag)

    assert {name: first.json()["contact"][name] for name in change} == change
    assert (second.status_code, second.json()["statusCode"]) == (412, 2)


@pytest.mark.parametrize(
    "body",
    [
        {"name": 7},
        {"name": "x" * 201},
        {"name": "two\nlines"},
        {"language": "no language"},
        {"attributes": {"a.b": "x"}},
        {"attributes": {"a": 1}},
        {"attributes": {f"k{at}": "x" for at in range(51)}},
        {"addresses": ["nobody"]},
        {"addresses": [BOB, ANN]},
        {"addresses": [ANN, *(f"a{at}@example.org" for at in range(10))]},
        {"addresses": [ANN, 7]},
        {"groups": ["x" * 65]},
        {"blocked": "yes"},
        {"id": "another"},
    ],
    ids=lambda body: f"{body}"[:40],
)
async def test_an_impossible_change_is_refused(
    admin: httpx2.AsyncClient, body: dict[str, Any]
) -> None:
    admin.event_hooks["response"] = []  # What is wrong with it, the description forbids as well.
    answer = await admin.put(path(ANN), json=body)

    assert (answer.status_code, answer.json()["statusCode"]) == (400, 10)


async def test_only_administrators_change_what_decides_about_mail(
    agent: httpx2.AsyncClient, admin: httpx2.AsyncClient
) -> None:
    change: dict[str, Any] = {
        "addresses": [ANN, "ann@b\u00fccher.example"],
        "groups": ["gold"],
        "blocked": True,
    }
    merge = {"operationName": "Merge", "contactId": contact_id(BOB)}
    for name, value in change.items():
        assert (await agent.put(path(ANN), json={name: value})).status_code == 403
    assert (await agent.post(path(ANN), json=merge)).status_code == 403

    changed = (await admin.put(path(ANN), json=change)).json()["contact"]

    assert changed["addresses"] == [ANN, "ann@xn--bcher-kva.example"]
    assert (changed["groups"], changed["blocked"]) == (["gold"], True)


async def test_an_address_of_another_contact_is_refused(admin: httpx2.AsyncClient) -> None:
    answer = await admin.put(path(ANN), json={"addresses": [ANN, BOB]})

    assert (answer.status_code, answer.json()["statusCode"]) == (409, 2)
    assert contact_id(BOB) in answer.json()["statusMessage"]


async def test_mails_follow_a_merge_and_its_end(
    agent: httpx2.AsyncClient, admin: httpx2.AsyncClient
) -> None:
    merge = {"operationName": "Merge", "contactId": contact_id(BOB)}
    merged = (await admin.post(path(ANN), json=merge)).json()["contact"]

    assert (merged["addresses"], merged["names"]) == ([ANN, BOB], ["Ann", "Bob"])
    assert [(one["id"], one["mergedBy"]) for one in merged["merged"]] == [
        (contact_id(BOB), "admin")
    ]
    assert (await agent.get(path(BOB))).json()["contact"]["id"] == contact_id(ANN)
    assert await subjects(agent, BOB) == ["Bob", "Ann"]
    assert (await admin.post(path(ANN), json=merge)).status_code == 409

    alone = await admin.post(path(BOB), json={"operationName": "UndoMerge"})

    assert alone.json()["contact"]["addresses"] == [BOB]
    assert await subjects(agent, ANN) == ["Ann"]


@pytest.mark.parametrize("blocked", [True, False])
@pytest.mark.parametrize("died_after_first", [True, False])
async def test_block_reaches_every_part_of_a_person(
    gateway: Gateway, admin: httpx2.AsyncClient, *, blocked: bool, died_after_first: bool
) -> None:
    merge = {"operationName": "Merge", "contactId": contact_id(BOB)}
    await admin.post(path(ANN), json=merge)
    states = {ANN: blocked if died_after_first else not blocked, BOB: not blocked}
    for address, state in states.items():
        await gateway.backend.database[contact_store.COLLECTION].update_one(
            {"_id": contact_id(address)}, {"$set": {"is_blocked": state}}
        )
    before = await admin.get(path(ANN))

    after = await admin.put(path(ANN), json={"blocked": blocked})

    assert before.json()["contact"]["blocked"] is any(states.values())
    assert after.json()["contact"]["blocked"] is blocked
    assert after.headers["ETag"] != before.headers["ETag"]
    store = ContactStore(gateway.backend.database, gateway.backend.clock)
    parts = [await store.get_contact(contact_id(address)) for address in (ANN, BOB)]
    assert [part.is_blocked for part in parts] == [blocked, blocked]


async def test_change_of_a_name_leaves_blocked_parts(
    gateway: Gateway, admin: httpx2.AsyncClient
) -> None:
    await admin.put(path(BOB), json={"blocked": True})
    await admin.post(path(ANN), json={"operationName": "Merge", "contactId": contact_id(BOB)})

    changed = await admin.put(path(ANN), json={"name": "Ann E."})

    assert changed.json()["contact"]["blocked"] is True
    store = ContactStore(gateway.backend.database, gateway.backend.clock)
    assert not (await store.get_contact(contact_id(ANN))).is_blocked


async def test_merges_at_once_make_no_circle(gateway: Gateway, admin: httpx2.AsyncClient) -> None:
    one, other = contact_id(ANN), contact_id(BOB)

    answers = await asyncio.gather(
        admin.post(path(ANN), json={"operationName": "Merge", "contactId": other}),
        admin.post(path(BOB), json={"operationName": "Merge", "contactId": one}),
    )

    assert [answer.status_code for answer in answers].count(200) == 1
    whole = await ContactStore(gateway.backend.database, gateway.backend.clock).get(one)
    assert {part.id for part in whole.everybody} == {one, other}


@pytest.mark.parametrize("change", ["merge", "undo", "name"])
async def test_contact_that_others_keep_changing_is_tried_again_later(
    gateway: Gateway, admin: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    collection = gateway.backend.database[contact_store.COLLECTION]
    bob = {"operationName": "Merge", "contactId": contact_id(BOB)}
    if change == "undo":
        assert (await admin.post(path(ANN), json=bob)).status_code == 200
    read = ContactStore.get_contact

    async def read_what_changes_at_once(store: ContactStore, sought: str) -> Contact:
        found = await read(store, sought)
        await collection.update_one({"_id": sought}, {"$inc": {"version": 1}})
        return found

    monkeypatch.setattr(ContactStore, "get_contact", read_what_changes_at_once)
    answer = (
        await admin.put(path(ANN), json={"name": "Ann B."})
        if change == "name"
        else await admin.post(path(ANN), json=bob)
        if change == "merge"
        else await admin.post(path(BOB), json={"operationName": "UndoMerge"})
    )

    assert (answer.status_code, answer.json()["statusCode"]) == (503, 4)
    assert "try again" in answer.json()["statusMessage"]


async def test_a_person_is_a_bounded_number_of_contacts(
    gateway: Gateway, admin: httpx2.AsyncClient
) -> None:
    parts = [
        to_document(Contact(f"part{at}", merged_into=contact_id(ANN))) for at in range(MOST_MERGED)
    ]
    await gateway.backend.database[contact_store.COLLECTION].insert_many(parts)
    merge = {"operationName": "Merge", "contactId": contact_id(BOB)}

    answer = await admin.post(path(ANN), json=merge)

    assert (answer.status_code, answer.json()["statusCode"]) == (400, 10)
    whole = (await admin.get(f"{CONTACTS}/part3")).json()["contact"]
    assert (whole["id"], len(whole["merged"])) == (contact_id(ANN), MOST_MERGED)


async def test_mails_are_listed_by_pages_without_their_content(
    gateway: Gateway, agent: httpx2.AsyncClient
) -> None:
    for subject in ("second", "third"):
        mail = Email(sender=Address(ANN), subject=subject, text="secret", message_id="<2@x>")
        await gateway.store(owner_id="agent2", contact_id=contact_id(ANN), mail=mail)

    first = (await agent.get(f"{path(ANN)}/interactions?fields=*&limit=2")).json()
    last = first["interactions"][-1]["interaction_id"]

    assert [one["subject"] for one in first["interactions"]] == ["third", "second"]
    assert first["hasMore"] is True
    assert await subjects(agent, ANN, f"&limit=2&after={last}") == ["Ann"]
    hidden = {"text", "external_id", "udata"}
    assert not any(hidden & one.keys() for one in first["interactions"])


async def test_directory_of_transfer_targets_has_no_contacts(agent: httpx2.AsyncClient) -> None:
    found = (await agent.get("/api/v2/contacts?fields=*")).json()["contacts"]

    assert {one["contactType"] for one in found} <= {"User", "Queue"}
