"""Administrators see how fetched mailboxes are, and order what happens to them."""

from datetime import UTC, datetime

import httpx2
import pytest

from shared.storage.mails import mailbox_store
from tests.described import require_described_answer
from tests.support.fetching import SUPPORT, fetch_support
from tests.support.gateway import Gateway, failure

pytestmark = pytest.mark.connected

PATH = f"/api/v2/mailboxes/{SUPPORT}"
INBOX = f"{SUPPORT}/INBOX"


@pytest.fixture
async def admin(gateway: Gateway) -> httpx2.AsyncClient:
    """The client of an administrator, whose answers have to be as described."""
    client = await gateway.client("admin")
    client.event_hooks["response"] = [look_at]
    return client


async def look_at(answer: httpx2.Response) -> None:
    """Compare an answer with the API's description."""
    await answer.aread()
    require_described_answer(answer)


@pytest.fixture
async def fetched(gateway: Gateway) -> Gateway:
    """A gateway of a contact center with one fetched mailbox."""
    await fetch_support(gateway)
    return gateway


async def test_mailboxes_are_listed_with_state_and_folders(
    fetched: Gateway, admin: httpx2.AsyncClient
) -> None:
    looked = datetime(2026, 3, 2, 9, tzinfo=UTC)
    await fetched.backend.database[mailbox_store.COLLECTION].update_one(
        {"_id": INBOX},
        {
            "$set": {
                "last_look_at": looked,
                "faults": 1,
                "fault": {"code": "x", "words": "no", "do": "wait", "needs_person": True},
                "uid_validity": 5,
                "uid": 17,
                "skipped": [{"uid": 3, "reason": "too large"}],
            }
        },
    )

    answer = (await admin.get("/api/v2/mailboxes?fields=*")).json()

    fault = {"code": "x", "words": "no", "do": "wait"}
    at = {"lastLookAt": "2026-03-02T09:00:00.000Z", "fault": fault}
    (mailbox,) = answer["mailboxes"]
    assert mailbox.pop("uri").endswith(f"/mailboxes/{SUPPORT}")
    assert (
        mailbox
        == {
            "id": SUPPORT,
            "address": SUPPORT,
            "state": "sick",
            "behind": 0,
            "mailsToday": 0,
            "faults": 1,
            "folders": [
                {
                    "name": "INBOX",
                    "state": "sick",
                    "behind": 0,
                    "uid": 17,
                    "uidValidity": 5,
                    "skipped": [{"uid": 3, "reason": "too large"}],
                }
                | at
            ],
            "path": f"/mailboxes/{SUPPORT}",
        }
        | at
    )
    assert (await admin.get(PATH)).json()["mailbox"]["state"] == "sick"


@pytest.mark.usefixtures("fetched")
async def test_agents_may_not_see_mailboxes(agent1: httpx2.AsyncClient) -> None:
    for path in ("/api/v2/mailboxes", PATH):
        assert (await agent1.get(path)).status_code == 403
    assert (await agent1.post(PATH, json={"operationName": "Stop"})).status_code == 403


@pytest.mark.usefixtures("fetched")
async def test_mailbox_that_is_not_fetched_is_not_found(admin: httpx2.AsyncClient) -> None:
    for address in ("sales@demo.example", "nobody@demo.example"):
        assert (await admin.get(f"/api/v2/mailboxes/{address}")).status_code == 404


async def test_orders_are_stored_for_fetching(fetched: Gateway, admin: httpx2.AsyncClient) -> None:
    backend = fetched.backend
    for body in (
        {"operationName": "LookNow"},
        {"operationName": "Stop"},
        {"operationName": "Backfill", "since": "2026-01-05"},
    ):
        assert (await admin.post(PATH, json=body)).json()["statusCode"] == 0

    stored = await backend.newest(mailbox_store.COLLECTION, INBOX)
    assert stored["stopped"] is True
    assert stored["look_wanted_at"] == backend.clock.now()
    assert stored["backfill"]["since"] == datetime(2026, 1, 5, tzinfo=UTC)
    await admin.post(PATH, json={"operationName": "Start"})
    assert (await backend.newest(mailbox_store.COLLECTION, INBOX))["stopped"] is False


@pytest.mark.parametrize(
    "body",
    [
        {"operationName": "Explode"},
        {"operationName": "Backfill"},
        {"operationName": "Backfill", "since": "yesterday"},
        {"operationName": "Backfill", "since": 7},
        {"operationName": "Backfill", "since": "0001-01-01"},
        {},
    ],
)
async def test_impossible_orders_are_refused(
    fetched: Gateway, admin: httpx2.AsyncClient, body: dict[str, object]
) -> None:
    answer = await admin.post(PATH, json=body)

    assert answer.status_code >= 400
    assert failure(answer.json()["statusCode"], answer.json())
    assert "stopped" not in await fetched.backend.newest(mailbox_store.COLLECTION, INBOX)
