"""Reading over REST: the agent, their interactions, all interactions, attachments."""

import asyncio

import httpx2
import pytest

from shared.domain.interaction import Address, Attachment, Email, Interaction
from shared.domain.lifecycle import State
from shared.storage.files.document_store import DocumentStore
from shared.storage.files.vault import Vault
from tests.support.backend import Backend
from tests.support.gateway import PDF, Gateway, failure, running_gateway

pytestmark = pytest.mark.connected

BYTES = b"%PDF-1.7\n"


async def test_an_agent_learns_who_they_are(agent1: httpx2.AsyncClient) -> None:
    answer = await agent1.get("/api/v2/me")

    user = answer.json()["user"]
    assert (user["id"], user["userName"], user["roles"]) == ("agent1", "agent1", ["ROLE_AGENT"])
    assert user["uri"] == f"{agent1.base_url}/api/v2/users/agent1"


async def test_a_channel_is_ready_when_it_is_said_so(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    said = await agent1.post("/api/v2/me/channels/email", json={"operationName": "NotReady"})

    assert said.json() == {"status": "ok", "statusCode": 0}
    read = (await agent1.get("/api/v2/me/channels?fields=*")).json()
    assert read["channels"][0]["userState"]["state"] == "NotReady"
    agent = await gateway.backend.agents.get("agent1")
    assert agent is not None
    assert (agent.ready, agent.logged_in) == (False, True)


async def test_the_end_of_the_session_ends_readiness(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    await agent1.post("/api/v2/me", json={"operationName": "Ready"})

    await agent1.post("/api/v2/me", json={"operationName": "EndContactCenterSession"})

    agent = await gateway.backend.agents.get("agent1")
    assert agent is not None
    assert (agent.ready, agent.logged_in) == (False, False)


async def test_an_unknown_channel_operation_is_refused(agent1: httpx2.AsyncClient) -> None:
    answer = await agent1.post("/api/v2/me/channels/email", json={"operationName": "Dance"})

    assert answer.status_code == 400
    assert failure(3, answer.json())


async def test_the_desk_is_a_list_of_addresses(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    offered = await gateway.offered()
    await gateway.accepted("agent2")
    await gateway.store(state=State.COMPLETED, owner_id="agent1")

    answer = await agent1.get("/api/v2/me/interactions")

    uri = f"{agent1.base_url}/api/v2/interactions/{offered.id}"
    assert answer.json() == {"statusCode": 0, "uris": [uri]}


async def test_the_desk_with_all_fields_shows_what_messages_show(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    await gateway.offered()
    await gateway.accepted()

    answer = await agent1.get("/api/v2/me/interactions?fields=*")

    shown = {one["state"]: one for one in answer.json()["interactions"]}
    assert shown["Invited"]["capabilities"] == ["Accept", "Reject"]
    assert "Text" not in shown["Invited"]["email_object"]
    assert shown["Accepted"]["email_object"]["Text"] == "Hello\nbye"


async def test_the_list_of_all_shows_no_words_and_comes_in_pages(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    ids = sorted([(await gateway.accepted("agent2")).id for _ in range(3)])
    await gateway.store(state=State.COMPLETED)

    first = (await agent1.get("/api/v2/interactions?fields=*&limit=2")).json()
    rest = (await agent1.get(f"/api/v2/interactions?fields=*&limit=2&after={ids[1]}")).json()

    assert [one["id"] for one in first["interactions"]] == ids[:2]
    assert [one["id"] for one in rest["interactions"]] == ids[2:]
    assert (first["hasMore"], "hasMore" in rest) == (True, False)
    assert "Text" not in first["interactions"][0]["email_object"]
    assert first["interactions"][0]["capabilities"] == []


async def test_interaction_is_not_for_an_administrator(gateway: Gateway) -> None:
    mail = await gateway.accepted("agent2")
    admin = await gateway.client("admin")

    answer = await admin.get(f"/api/v2/interactions/{mail.id}")

    assert answer.status_code == 403
    assert failure(5, answer.json())


async def test_interaction_is_for_administrators_by_a_setting(
    backend: Backend, vhost_url: str, database_url: str
) -> None:
    async with running_gateway(
        backend, vhost_url, database_url, admins_read_interactions="true"
    ) as gateway:
        await gateway.add_agent("admin", roles=["Contact Center Admin"])
        mail = await gateway.accepted("agent2")
        admin = await gateway.client("admin")

        (uri,) = (await admin.get("/api/v2/interactions")).json()["uris"]
        seen = (await admin.get(uri)).json()["interaction"]

    assert (seen["id"], seen["email_object"]["Text"]) == (mail.id, "Hello\nbye")


async def test_text_of_another_agents_mail_is_for_administrators(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.accepted("agent2")
    await gateway.add_agent("head", roles=["Agent", "Contact Center Admin"])
    admin = await gateway.client("head")

    seen = (await agent1.get(f"/api/v2/interactions/{mail.id}")).json()["interaction"]
    watched = (await admin.get(f"/api/v2/interactions/{mail.id}")).json()["interaction"]

    assert "Text" not in seen["email_object"]
    assert watched["email_object"]["Text"] == "Hello\nbye"
    assert watched["capabilities"] == []


async def test_another_agents_mail_is_not_mine(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.accepted("agent2")

    answer = await agent1.get(f"/api/v2/me/interactions/{mail.id}")

    assert answer.status_code == 403
    assert failure(5, answer.json())


async def attached(gateway: Gateway, agent_id: str = "agent1") -> Interaction:
    mail = Email(subject="x", sender=Address("ann@example.org"), attachments=(PDF,))
    return await gateway.accepted(agent_id, mail=mail)


async def stored(backend: Backend, mail: Interaction, document: Attachment = PDF) -> None:
    content = await Vault(backend.database, backend.clock).put(BYTES)
    await DocumentStore(backend.database, backend.clock).add(mail.id, [(document, content)])


async def test_an_attachment_comes_as_it_was_mailed(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await attached(gateway)
    await stored(gateway.backend, mail)

    answer = await agent1.get(f"/api/v2/me/interactions/{mail.id}/attachments/{PDF.id}")

    assert (answer.status_code, answer.content) == (200, BYTES)
    headers = {name: answer.headers[name] for name in ("content-type", "content-length")}
    assert headers == {"content-type": "application/pdf", "content-length": "9"}
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"Rechnung M_rz.pdf\"; filename*=UTF-8''Rechnung%20M%C3%A4rz.pdf"
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert answer.headers["cache-control"] == "private, no-store"


async def test_an_attachment_that_is_being_stored_is_waited_for(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await attached(gateway)
    asked = asyncio.create_task(
        agent1.get(f"/api/v2/me/interactions/{mail.id}/attachments/{PDF.id}")
    )

    await stored(gateway.backend, mail)

    assert (await asked).content == BYTES


async def test_an_attachment_that_does_not_come_is_asked_for_later(
    backend: Backend, vhost_url: str, database_url: str
) -> None:
    async with running_gateway(
        backend, vhost_url, database_url, document_patience="PT0S"
    ) as gateway:
        await gateway.add_agent("agent1")
        agent1 = await gateway.client("agent1")
        mail = await attached(gateway)

        answer = await agent1.get(f"/api/v2/me/interactions/{mail.id}/attachments/{PDF.id}")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert failure(4, answer.json())


async def test_an_attachment_is_found_only_through_its_own_interaction(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail, other = await attached(gateway, "agent2"), await gateway.accepted()
    await stored(gateway.backend, mail)

    through_other = await agent1.get(f"/api/v2/me/interactions/{other.id}/attachments/{PDF.id}")
    foreign = await agent1.get(f"/api/v2/me/interactions/{mail.id}/attachments/{PDF.id}")

    assert (through_other.status_code, foreign.status_code) == (404, 404)
    assert failure(6, through_other.json())
    assert failure(6, foreign.json())
