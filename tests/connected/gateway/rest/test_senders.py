"""The addresses that an agent may write from are listed, and those alone are taken."""

import httpx2
import pytest

from shared.contracts.contact_center import Mailbox, Sender
from tests.support.backend import CENTER
from tests.support.gateway import Gateway, failure

pytestmark = pytest.mark.connected

PATH = "/api/v2/me/senders"


async def test_senders_are_listed_before_mailboxes_and_aliases(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    support = Mailbox(
        address="support@demo.example", queue="support", aliases=("help@demo.example",)
    )
    sales = Mailbox(address="sales@demo.example", queue="sales")
    senders = (
        Sender(address="sales@demo.example", personal="Demo Sales"),
        Sender(address="news@demo.example"),
    )
    await gateway.describe(
        CENTER.model_copy(update={"mailboxes": (support, sales), "senders": senders})
    )

    answer = await agent1.get(PATH)

    assert answer.json() == {
        "statusCode": 0,
        "senders": [
            {"address": "sales@demo.example", "personal": "Demo Sales"},
            {"address": "news@demo.example", "personal": ""},
            {"address": "support@demo.example", "personal": ""},
            {"address": "help@demo.example", "personal": ""},
        ],
    }


async def test_every_listed_sender_is_taken_with_its_name(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    listed = (await agent1.get(PATH)).json()["senders"]
    draft = (await gateway.drafted()).id
    taken = []

    for one in listed:
        mail = {"fromAddress": one["address"]}
        body = {"operationName": "Save", "email_object": mail}
        answer = await agent1.post(f"/api/v2/me/interactions/{draft}", json=body)
        assert answer.status_code == 200, answer.text
        taken.append((await gateway.command())["edits"]["sender"])

    assert taken == listed
    assert listed[0] == {"address": "support@demo.example", "personal": "Demo Support"}


async def test_own_name_beside_a_sender_is_kept(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = (await gateway.drafted()).id
    body = {
        "operationName": "Save",
        "email_object": {"fromAddress": "Ada <support@demo.example>"},
    }

    answer = await agent1.post(f"/api/v2/me/interactions/{draft}", json=body)

    assert answer.status_code == 200
    sender = (await gateway.command())["edits"]["sender"]
    assert sender == {"address": "support@demo.example", "personal": "Ada"}


@pytest.mark.parametrize(("user", "status"), [("admin", 403), ("nobody", 401)])
async def test_others_than_agents_are_told_no_senders(
    gateway: Gateway, user: str, status: int
) -> None:
    caller = await gateway.client(user)

    answer = await caller.get(PATH)

    assert answer.status_code == status
    assert answer.json()["status"] == "error"


async def test_sender_that_is_not_listed_is_refused(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = (await gateway.drafted()).id
    body = {"operationName": "Save", "email_object": {"fromAddress": "boss@bank.example"}}

    answer = await agent1.post(f"/api/v2/me/interactions/{draft}", json=body)

    assert failure(10, answer.json())
    assert "GET /me/senders" in answer.json()["statusMessage"]
