"""Users, queues, skills, contacts; filters and counts; Context Services' view."""

from unittest.mock import AsyncMock

import httpx2
import pytest

from services.gateway.interaction_queries import InteractionQueries
from shared.domain.interaction import Email
from shared.storage.agents import agent_store
from shared.storage.interactions import interaction_store
from tests.connected.plans import plans_of
from tests.support.gateway import Gateway, failure
from tests.support.ingest import envelope, make_arrivals

pytestmark = pytest.mark.connected


async def test_queues_are_objects_when_their_fields_are_asked_for(
    agent1: httpx2.AsyncClient,
) -> None:
    answer = (await agent1.get("/api/v2/queues?fields=id,name,channel&channel=email")).json()

    assert answer["statusCode"] == 0
    assert answer["queues"][0] == {"id": "support", "name": "support", "channel": "email"}
    assert len(answer["queues"]) == 3


async def test_addresses_lead_to_the_objects(agent1: httpx2.AsyncClient) -> None:
    uris = (await agent1.get("/api/v2/users")).json()["uris"]

    names = [(await agent1.get(uri)).json()["user"]["userName"] for uri in uris]
    assert names == ["admin", "agent1", "agent2"]


async def test_a_user_is_found_by_name(agent1: httpx2.AsyncClient) -> None:
    answer = await agent1.get("/api/v2/users?fields=id&userName=agent2&totalCount=true")

    assert answer.json() == {"statusCode": 0, "users": [{"id": "agent2"}], "totalCount": 1}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("id=anna", ["anna"]),
        ("firstName=Anna&lastName=Ek", ["anna"]),
        ("firstName=Anna&lastName=Berg", []),
        ("emailAddress=anna@demo.example", ["anna"]),
        ("enabled=false", ["gone"]),
        ("enabled=true&userName=anna", ["anna"]),
        ("enabled=perhaps", []),
        ("roles=ROLE_ADMIN", ["admin"]),
        ("roles=ROLE_AGENT,ROLE_ADMIN", ["anna"]),
        ("roles=Agent", []),
        ("contactCenterId=test&userName=anna", ["anna"]),
        ("contactCenterId=other", []),
        ("changePasswordOnFirstLogin=false&id=anna", ["anna"]),
        ("changePasswordOnFirstLogin=true", []),
        ("path=/users/anna", ["anna"]),
        ("path=anna", []),
        ("colour=red", []),
    ],
)
async def test_users_are_found_by_any_field(
    gateway: Gateway, agent1: httpx2.AsyncClient, query: str, found: list[str]
) -> None:
    await gateway.add_agent(
        "anna",
        first_name="Anna",
        last_name="Ek",
        email_address="anna@demo.example",
        roles=["Agent", "Contact Center Admin"],
    )
    await gateway.add_agent("gone", enabled=False)

    answer = (await agent1.get(f"/api/v2/users?fields=id&totalCount=true&{query}")).json()

    assert [one["id"] for one in answer["users"]] == found
    assert answer["totalCount"] == len(found)


async def test_a_user_is_found_by_its_address(agent1: httpx2.AsyncClient) -> None:
    (uri,) = (await agent1.get("/api/v2/users?userName=agent2")).json()["uris"]

    answer = await agent1.get("/api/v2/users", params={"uri": uri, "fields": "id"})

    assert answer.json()["users"] == [{"id": "agent2"}]


async def test_pages_of_contacts_are_agents_and_then_queues(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    await gateway.add_agent("gone", enabled=False)
    names = ["admin", "agent1", "agent2", "support", "sales", "drafts"]

    for offset in range(8):
        path = f"/api/v2/contacts?fields=id&totalCount=true&limit=2&offset={offset}"
        answer = (await agent1.get(path)).json()

        assert [one["id"] for one in answer["contacts"]] == names[offset : offset + 2]
        assert answer["totalCount"] == len(names)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("contactType=Queue", ["support", "sales", "drafts"]),
        ("contactType=User&userName=agent2", ["agent2"]),
        ("channel=email&id=sales", ["sales"]),
        ("id=agent1", ["agent1"]),
        ("contactType=Customer", []),
    ],
)
async def test_contacts_are_filtered_as_what_they_are(
    agent1: httpx2.AsyncClient, query: str, found: list[str]
) -> None:
    answer = (await agent1.get(f"/api/v2/contacts?fields=id&totalCount=true&{query}")).json()

    assert [one["id"] for one in answer["contacts"]] == found
    assert answer["totalCount"] == len(found)


@pytest.mark.parametrize("path", ["users?fields=*", "contacts?fields=*", "users"])
async def test_a_page_of_agents_reads_no_others(
    gateway: Gateway, agent1: httpx2.AsyncClient, path: str
) -> None:
    for number in range(30):
        await gateway.add_agent(f"agent9{number}")
    separator = "&" if "?" in path else "?"

    async with plans_of(gateway.backend.database, agent_store.COLLECTION) as plans:
        answer = await agent1.get(f"/api/v2/{path}{separator}limit=2&offset=5")

    assert answer.status_code == 200
    assert max(plan.examined for plan in plans) == 2


async def test_no_password_is_shown(agent1: httpx2.AsyncClient) -> None:
    for path in ("users?fields=*", "contacts?fields=*", "me"):
        assert "argon2" not in (await agent1.get(f"/api/v2/{path}")).text


@pytest.mark.parametrize(
    "path", ["me/channels", "users", "queues", "skills", "contacts", "interactions"]
)
async def test_every_address_in_a_list_leads_to_its_object(
    gateway: Gateway, agent1: httpx2.AsyncClient, path: str
) -> None:
    await gateway.add_agent("linguist", skills={"german": 5})
    await gateway.accepted()

    uris = (await agent1.get(f"/api/v2/{path}")).json()["uris"]

    assert uris
    for uri in uris:
        answer = (await agent1.get(uri)).json()
        assert answer["statusCode"] == 0, uri


async def test_skill_is_read_by_its_name(gateway: Gateway, agent1: httpx2.AsyncClient) -> None:
    await gateway.add_agent("linguist", skills={"german": 5})

    answer = await agent1.get("/api/v2/skills/german")

    assert answer.json()["skill"]["name"] == "german"


async def test_skills_are_those_of_agents(gateway: Gateway, agent1: httpx2.AsyncClient) -> None:
    await gateway.add_agent("linguist", skills={"german": 5})

    answer = await agent1.get("/api/v2/skills?fields=name")

    assert answer.json()["skills"] == [{"name": "german"}]


@pytest.mark.parametrize(
    "path", ["users/nobody", "queues/nowhere", "skills/none", "ucs/interactions/NOTHING"]
)
async def test_unknown_document_is_not_found(agent1: httpx2.AsyncClient, path: str) -> None:
    answer = await agent1.get(f"/api/v2/{path}")

    assert answer.status_code == 404
    assert failure(6, answer.json())


async def test_all_interactions_are_filtered_and_counted(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    await gateway.accepted()
    waiting = [await gateway.store(queue="sales") for _ in range(3)]

    answer = await agent1.get(
        "/api/v2/interactions?fields=id&state=Queued&currentQueue=sales&totalCount=true&limit=2"
    )

    assert answer.json() == {
        "statusCode": 0,
        "interactions": [{"id": one.id} for one in sorted(waiting, key=lambda one: one.id)[:2]],
        "hasMore": True,
        "totalCount": 3,
    }


async def test_an_unknown_filter_is_refused_and_says_which_there_are(
    agent1: httpx2.AsyncClient,
) -> None:
    answer = await agent1.get("/api/v2/interactions?colour=red")

    assert answer.status_code == 400
    assert "currentQueue" in answer.json()["statusMessage"]


async def test_my_interactions_can_be_cut_to_fields(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mine = await gateway.accepted()

    answer = await agent1.get("/api/v2/me/interactions?fields=id,state")

    assert answer.json()["interactions"] == [{"id": mine.id, "state": "Accepted"}]


@pytest.mark.parametrize("query", ["", "?fields=id,state", "?state=Accepted", "?fields=id&id=x"])
async def test_a_list_of_mine_without_texts_reads_none(
    gateway: Gateway, agent1: httpx2.AsyncClient, query: str
) -> None:
    await gateway.accepted(mail=Email(text="x" * 100_000))

    async with plans_of(gateway.backend.database, interaction_store.COLLECTION) as plans:
        answer = await agent1.get(f"/api/v2/me/interactions{query}")

    assert answer.status_code == 200
    assert 0 < sum(plan.octets for plan in plans) < 10_000


async def test_a_page_of_mine_reads_no_other_texts(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    for _ in range(5):
        await gateway.accepted(mail=Email(text="x" * 100_000))
    path = "/api/v2/me/interactions?fields=*&totalCount=true"
    everything = (await agent1.get(path)).json()

    async with plans_of(gateway.backend.database, interaction_store.COLLECTION) as plans:
        page = (await agent1.get(f"{path}&offset=3&limit=1")).json()

    assert page["interactions"] == everything["interactions"][3:4]
    assert page["totalCount"] == everything["totalCount"] == 5
    assert 100_000 < sum(plan.octets for plan in plans) < 200_000


@pytest.mark.parametrize(
    ("query", "examined"),
    [("offset=2&limit=2", 0), ("fields=id&offset=2&limit=2", 2), ("fields=id&limit=2", 2)],
)
async def test_a_page_of_mine_examines_no_mail_behind_it(
    gateway: Gateway, agent1: httpx2.AsyncClient, query: str, examined: int
) -> None:
    for _ in range(30):
        await gateway.accepted()
    await gateway.offered()

    async with plans_of(gateway.backend.database, interaction_store.COLLECTION) as plans:
        answer = await agent1.get(f"/api/v2/me/interactions?totalCount=true&{query}")

    assert answer.json()["totalCount"] == 31
    assert sum(plan.examined for plan in plans) == examined
    assert sum(plan.returned for plan in plans) < 10


async def test_pages_of_mine_are_the_whole_list_in_order(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mine = {(await gateway.accepted()).id for _ in range(5)}
    path = "/api/v2/me/interactions?fields=id&totalCount=true"
    everything = (await agent1.get(path)).json()["interactions"]

    pages = [(await agent1.get(f"{path}&limit=2&offset={at}")).json() for at in (0, 2, 4, 6)]

    assert [one for page in pages for one in page["interactions"]] == everything
    assert [len(page["interactions"]) for page in pages] == [2, 2, 1, 0]
    assert {page["totalCount"] for page in pages} == {5}
    assert {one["id"] for one in everything} == mine


async def test_mail_lost_meanwhile_leaves_no_gap_in_a_page(
    gateway: Gateway, agent1: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = [(await gateway.accepted()).id for _ in range(3)]
    lost = await gateway.accepted("agent2")
    pages = AsyncMock(side_effect=[[kept[1], lost.id], [kept[2]]])
    monkeypatch.setattr(InteractionQueries, "ids_of_held", pages)

    answer = await agent1.get("/api/v2/me/interactions?fields=id&totalCount=true&offset=1&limit=2")

    assert [one["id"] for one in answer.json()["interactions"]] == kept[1:]
    assert answer.json()["totalCount"] == 3
    assert [call.args for call in pages.await_args_list] == [("agent1", 1, 2), ("agent1", 2, 1)]


async def test_the_owner_reads_the_mail_as_it_arrived(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    raw = b"Subject: Hi\r\n\r\n\xff\xfe raw\r\n"
    arrival = await make_arrivals(gateway.backend).add(raw, envelope())
    mine = await gateway.accepted(arrival_id=arrival, mail=Email(html="<p>Hi</p>", text="Hi"))

    view = (await agent1.get(f"/api/v2/ucs/interactions/{mine.id}")).json()

    assert (view["status"], view["binary_content_size"]) == (2, len(raw))
    assert (await agent1.get(view["binary_content"])).content == raw
    structured = await agent1.get(view["structured_text"])
    assert (structured.text, structured.headers["content-type"]) == (
        "<p>Hi</p>",
        "text/html; charset=utf-8",
    )


async def test_other_agent_sees_a_mail_without_its_text(
    gateway: Gateway,
) -> None:
    mine = await gateway.accepted(mail=Email(html="<p>Hi</p>", text="a secret"))
    agent2 = await gateway.client("agent2")

    view = await agent2.get(f"/api/v2/ucs/interactions/{mine.id}")

    assert view.json()["status"] == 2
    assert "a secret" not in view.text
    for part in ("structured_text", "binary_content"):
        answer = await agent2.get(f"/api/v2/ucs/interactions/{mine.id}/{part}")
        assert answer.status_code == 403
        assert failure(5, answer.json())
