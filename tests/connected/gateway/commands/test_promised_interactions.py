"""An id that was answered is never unknown while composition has still to create it."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from services.gateway.cluster.day_key_store import DayKeyStore
from services.gateway.commands.promised_interactions import (
    PROMISED_FOR,
    PromisedIds,
    PromisedInteractions,
)
from shared.contracts.envelope import Cause
from shared.domain.errors import Unavailable, UnknownInteractionError
from shared.domain.ids import new_id
from shared.storage.indexes import LINK_KEYS
from tests.connected.gateway.process import Process, running
from tests.connected.plans import commands_on
from tests.support.backend import Backend
from tests.support.gateway import (
    Gateway,
    failure,
    hashed,
    published_commands,
    running_gateway,
)

pytestmark = pytest.mark.connected

REPLY = {"operationName": "Reply", "queueName": "drafts"}
FORWARD = {"operationName": "Forward", "queueName": "drafts"}
REDIRECT = {"operationName": "Redirect", "toAddress": "bob@example.org"}
CREATE = {"operationName": "Create", "queueName": "drafts"}
SEND = {"operationName": "Send", "email_object": {"toAddress": "ann@example.org"}}


def promised(answer: httpx2.Response) -> bool:
    """Say whether an answer asks the client to come again, in both dialects."""
    return (
        answer.status_code == 503
        and failure(4, answer.json())
        and 1 <= int(answer.headers["retry-after"]) <= 30
    )


async def ask_for_draft(client: httpx2.AsyncClient, mail_id: str, body: dict[str, Any]) -> str:
    answer = await client.post(f"/api/v2/me/interactions/{mail_id}", json=body)
    assert answer.status_code == 200
    interaction_id: str = answer.json()["interactionId"]
    return interaction_id


@pytest.mark.parametrize("body", [REPLY, REPLY | {"operationName": "ReplyAll"}, FORWARD, REDIRECT])
async def test_promised_interaction_is_not_unknown(
    gateway: Gateway, agent1: httpx2.AsyncClient, body: dict[str, Any]
) -> None:
    mail = await gateway.accepted()

    draft = await ask_for_draft(agent1, mail.id, body)

    assert promised(await agent1.get(f"/api/v2/me/interactions/{draft}"))
    assert promised(await agent1.get(f"/api/v2/interactions/{draft}"))


async def test_command_whose_promise_fails_is_not_published(
    gateway: Gateway, agent1: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise Unavailable("no majority")

    mail = await gateway.accepted()
    monkeypatch.setattr(DayKeyStore, "get_or_create", fail)

    answers = [
        await agent1.post(f"/api/v2/me/interactions/{one}", json=body)
        for one, body in ((mail.id, REPLY), ("", CREATE))
    ]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert gateway.commands.empty()


async def test_created_interaction_is_promised_too(agent1: httpx2.AsyncClient) -> None:
    draft = await ask_for_draft(agent1, "", CREATE)

    assert promised(await agent1.get(f"/api/v2/me/interactions/{draft}"))


async def test_everything_about_a_promised_interaction_has_to_wait(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.accepted()
    draft = await ask_for_draft(agent1, mail.id, REPLY)
    await gateway.command()
    path = f"/api/v2/me/interactions/{draft}"

    answers = [
        await agent1.post(path, json=SEND),
        await agent1.put(path, json={"email_object": {"text": "x"}}),
        await agent1.post(f"{path}/attachments", files=[("attachment", ("a.txt", b"a"))]),
        await agent1.get(f"{path}/attachments/00009A8T8Y13002S"),
        await agent1.delete(f"{path}/attachments/00009A8T8Y13002S"),
        await agent1.get(f"/api/v2/ucs/interactions/{draft}"),
        await agent1.post("/api/v2/me/interactions", json=CREATE | {"parentId": draft}),
        await agent1.post(
            "/api/v2/me/workbins/email.draft", json={"operationName": "AddInteraction", "id": draft}
        ),
    ]

    assert [promised(one) for one in answers] == [True] * len(answers)
    assert gateway.commands.empty()


async def test_promise_is_kept_for_a_bounded_time(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.accepted()
    draft = await ask_for_draft(agent1, mail.id, REPLY)
    path = f"/api/v2/me/interactions/{draft}"

    gateway.backend.clock.move(PROMISED_FOR - timedelta(seconds=1))
    before = await agent1.get(path)
    gateway.backend.clock.move(timedelta(seconds=1))
    after = await agent1.get(path)

    assert promised(before)
    assert after.status_code == 404
    assert failure(6, after.json())


async def test_promised_interaction_is_read_once_it_is_there(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.accepted()
    draft = await ask_for_draft(agent1, mail.id, REPLY)
    await gateway.drafted(id=draft)

    answer = await agent1.get(f"/api/v2/me/interactions/{draft}")

    assert answer.json()["interaction"]["id"] == draft


async def test_promised_interaction_is_waited_for(backend: Backend) -> None:
    promised_ids = PromiseCheckedOnce(backend)
    draft = await promised_ids.of_now()
    reader = PromisedInteractions(backend.interactions, promised_ids, timedelta(seconds=20))
    reading = asyncio.create_task(reader.get(draft, with_text=False))
    await promised_ids.checked.wait()

    await backend.add_mail(id=draft, owner_id="agent1")

    assert (await reading).id == draft


async def test_unknown_interaction_is_not_waited_for(backend: Backend) -> None:
    reader = PromisedInteractions(backend.interactions, OurPromises(backend), timedelta(days=1))

    with pytest.raises(UnknownInteractionError):
        await reader.get(new_id(backend.clock.now()), with_text=False)


async def test_promised_interaction_is_waited_for_until_patience_ends(backend: Backend) -> None:
    promised_ids = OurPromises(backend)
    reader = PromisedInteractions(backend.interactions, promised_ids, timedelta(0))

    with pytest.raises(UnknownInteractionError):
        await reader.get(await promised_ids.of_now(), with_text=False)


async def test_promises_are_no_writes(backend: Backend) -> None:
    promised_ids = OurPromises(backend)
    await promised_ids.of_now()

    async with commands_on(backend.database, LINK_KEYS) as commands:
        made = [await promised_ids.of_now() for _ in range(20)]

    assert not commands
    assert all([await promised_ids.is_open(one) for one in made])


async def test_repeated_promise_has_the_same_ids(backend: Backend) -> None:
    an_id = new_id(backend.clock.now())
    first = await OurPromises(backend).promise(an_id)
    backend.clock.move(timedelta(hours=23))

    second = await OurPromises(backend).promise(an_id)

    assert first == second


async def test_made_up_id_is_no_promise(backend: Backend) -> None:
    promised_ids = OurPromises(backend)
    promised = await promised_ids.of_now()
    others = [f"{promised[:-2]}{number:02d}" for number in range(100)]

    found = [one for one in others if await promised_ids.is_open(one)]

    assert found in ([], [promised])


async def test_id_of_the_future_is_no_promise(backend: Backend) -> None:
    promised_ids = OurPromises(backend)
    later = await promised_ids.promise(new_id(backend.clock.now() + timedelta(minutes=2)))

    assert not await promised_ids.is_open(later.new_id)


class OurPromises(PromisedIds):
    """The promises of one more pod."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(
            DayKeyStore(backend.database, backend.clock), backend.database, backend.clock
        )
        self._now = backend.clock.now

    async def of_now(self) -> str:
        return (await self.promise(new_id(self._now()))).new_id


class PromiseCheckedOnce(OurPromises):
    """Tells when a promise was asked for."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend)
        self.checked = asyncio.Event()

    async def is_open(self, interaction_id: str) -> bool:
        self.checked.set()
        return await super().is_open(interaction_id)


async def test_promise_that_was_refused_is_not_kept(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.accepted()
    draft = await ask_for_draft(agent1, mail.id, REPLY)
    cause = Cause(message_id=await gateway.command_id())
    await gateway.backend.interactions.note_refusal(mail.id, cause)

    answer = await agent1.get(f"/api/v2/me/interactions/{draft}")

    assert answer.status_code == 404


async def test_id_that_nobody_promised_is_unknown(agent1: httpx2.AsyncClient) -> None:
    answer = await agent1.get("/api/v2/me/interactions/00009A8T8Y130124")

    assert answer.status_code == 404


async def test_every_pod_knows_a_promise(
    gateway: Gateway, agent1: httpx2.AsyncClient, vhost_url: str, database_url: str
) -> None:
    mail = await gateway.accepted()
    draft = await ask_for_draft(agent1, mail.id, REPLY)

    async with running_gateway(gateway.backend, vhost_url, database_url) as other:
        there = await other.client("agent1")
        answer = await there.get(f"/api/v2/me/interactions/{draft}")

    assert promised(answer)


async def test_promise_outlives_the_pod_that_died_before_its_answer(
    backend: Backend, vhost_url: str, database_url: str
) -> None:
    await backend.add_agent("agent1", password_hash=hashed("agent1"), logged_in=True)
    dying, other = Process(vhost_url, database_url), Process(vhost_url, database_url)
    dying.environment |= {"MAILROOM_FAULTS": "1", "CRASH_AT": "gateway.before_answering"}
    auth = ("agent1", "agent1")
    async with (
        running(dying, other),
        published_commands(vhost_url) as commands,
        httpx2.AsyncClient(auth=auth, timeout=30) as client,
    ):
        with pytest.raises(httpx2.TransportError):
            await client.post(f"{dying.url}/api/v2/me/interactions", json=CREATE)
        draft = (await commands.get())["interaction_id"]
        answer = await client.get(f"{other.url}/api/v2/me/interactions/{draft}")

    assert promised(answer)
