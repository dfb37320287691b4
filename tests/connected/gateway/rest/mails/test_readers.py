"""Reading mail that an agent does not work on."""

import httpx2
import pytest

from shared.domain.interaction import Attachment, Email, Interaction, Place
from shared.domain.lifecycle import State
from shared.storage.files.document_store import DocumentStore
from shared.storage.files.vault import Vault
from tests.support.backend import Backend
from tests.support.gateway import PDF, Gateway, failure, running_gateway

pytestmark = pytest.mark.connected

TEAM = Place("team", "support", of_group=True)
MAIL = Email(subject="Invoice 17", text="Hello", html="<p>Hello</p>", attachments=(PDF,))


async def kept(gateway: Gateway, place: Place = TEAM) -> Interaction:
    mail = await gateway.store(state=State.IN_WORKBIN, place=place, mail=MAIL, user_data={"a": 1})
    await stored(gateway.backend, mail)
    return mail


async def stored(backend: Backend, mail: Interaction, document: Attachment = PDF) -> None:
    content = await Vault(backend.database, backend.clock).put(b"%PDF-1.7\n")
    await DocumentStore(backend.database, backend.clock).add(mail.id, [(document, content)])


async def test_mail_in_a_workbin_is_readable_by_its_readers(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await kept(gateway)

    seen = (await agent1.get(f"/api/v2/interactions/{mail.id}")).json()["interaction"]
    view = (await agent1.get(f"/api/v2/ucs/interactions/{mail.id}")).json()
    file = await agent1.get(f"/api/v2/me/interactions/{mail.id}/attachments/{PDF.id}")

    assert (seen["email_object"]["Text"], seen["userData"]) == ("Hello", {"a": 1})
    assert (seen["state"], seen["capabilities"]) == ("InWorkbin", ["PullInteraction"])
    assert (view["text"], view["udata"]) == ("Hello", {"a": 1})
    assert file.content == b"%PDF-1.7\n"


async def test_lists_show_what_lies_in_a_workbin_by_its_heading(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    await kept(gateway)

    (seen,) = (await agent1.get("/api/v2/interactions?fields=*")).json()["interactions"]

    assert seen["capabilities"] == ["PullInteraction"]
    assert "Text" not in seen["email_object"]


@pytest.mark.parametrize("place", [Place("email.draft", "agent2"), Place("team", "x", True)])
async def test_to_others_it_is_a_heading_without_user_data(
    gateway: Gateway, agent1: httpx2.AsyncClient, place: Place
) -> None:
    mail = await kept(gateway, place)

    seen = (await agent1.get(f"/api/v2/interactions/{mail.id}")).json()["interaction"]
    view = (await agent1.get(f"/api/v2/ucs/interactions/{mail.id}")).json()
    file = await agent1.get(f"/api/v2/me/interactions/{mail.id}/attachments/{PDF.id}")

    assert seen["email_object"]["subject"] == "Invoice 17"
    assert "Text" not in seen["email_object"]
    assert "userData" not in seen
    assert seen["capabilities"] == []
    assert "text" not in view
    assert "udata" not in view
    assert file.status_code == 404


async def test_mail_in_a_workbin_is_not_in_the_agents_list(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await kept(gateway)

    mine = await agent1.get("/api/v2/me/interactions")
    one = await agent1.get(f"/api/v2/me/interactions/{mail.id}")

    assert mine.json() == {"statusCode": 0, "uris": []}
    assert one.status_code == 403
    assert failure(5, one.json())


async def test_user_data_of_others_is_for_administrators(gateway: Gateway) -> None:
    await gateway.accepted("agent2", user_data={"a": 1})
    agent1, admin = await gateway.client("agent1"), await gateway.client("admin")

    (seen,) = (await agent1.get("/api/v2/interactions?fields=*")).json()["interactions"]
    (watched,) = (await admin.get("/api/v2/interactions?fields=*")).json()["interactions"]

    assert "userData" not in seen
    assert watched["userData"] == {"a": 1}


async def test_a_setting_shows_everybody_the_words_of_every_mail(
    backend: Backend, vhost_url: str, database_url: str
) -> None:
    async with running_gateway(
        backend, vhost_url, database_url, shows_foreign_mail="true"
    ) as gateway:
        await gateway.add_agent("agent1")
        agent1 = await gateway.client("agent1")
        mail = await gateway.accepted("agent2", user_data={"a": 1})

        seen = (await agent1.get(f"/api/v2/interactions/{mail.id}")).json()["interaction"]
        view = (await agent1.get(f"/api/v2/ucs/interactions/{mail.id}")).json()

    assert (seen["email_object"]["Text"], view["text"]) == ("Hello\nbye", "Hello\nbye")
    assert (seen["userData"], seen["capabilities"]) == ({"a": 1}, [])
