"""`ETag` and `If-Match`: two tabs cannot overwrite each other."""

import httpx2
import pytest

from shared.domain.deliveries.delivery import DeliveryState
from shared.domain.lifecycle import State
from tests.connected.gateway.rest.mails.test_delivery_shown import LATER, outbound, tried
from tests.support.gateway import Gateway, failure

pytestmark = pytest.mark.connected

SEND = {"operationName": "Send", "queueName": "drafts", "email_object": {"subject": "Re: x"}}


@pytest.mark.parametrize("path", ["/api/v2/me/interactions/{}", "/api/v2/interactions/{}"])
async def test_reading_tells_the_version(
    gateway: Gateway, agent1: httpx2.AsyncClient, path: str
) -> None:
    draft = await gateway.drafted(version=7)

    answer = await agent1.get(path.format(draft.id))

    assert answer.headers["etag"] == '"7"'


@pytest.mark.parametrize(
    ("tag", "expected"), [('"7"', 7), ('"6", "7"', 7), ("*", None), (None, None)]
)
async def test_the_version_goes_with_the_command(
    gateway: Gateway, agent1: httpx2.AsyncClient, tag: str | None, expected: int | None
) -> None:
    draft = await gateway.drafted(version=7)
    headers = {"If-Match": tag} if tag else {}

    answer = await agent1.post(f"/me/interactions/{draft.id}", json=SEND, headers=headers)

    assert answer.status_code == 200
    assert (await gateway.command())["expected_version"] == expected


@pytest.mark.parametrize("tag", ['"6"', 'W/"7"', '"x"', "7", '"6", "8"'])
async def test_another_version_is_not_changed(
    gateway: Gateway, agent1: httpx2.AsyncClient, tag: str
) -> None:
    draft = await gateway.drafted(version=7)

    answer = await agent1.post(f"/me/interactions/{draft.id}", json=SEND, headers={"If-Match": tag})

    assert answer.status_code == 412
    assert failure(2, answer.json())
    assert await gateway.unchanged(draft)


async def test_ownership_is_checked_before_the_version(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted("agent2", version=7)

    answer = await agent1.post(
        f"/me/interactions/{draft.id}", json=SEND, headers={"If-Match": '"1"'}
    )

    assert answer.status_code == 403
    assert failure(5, answer.json())


@pytest.mark.parametrize("path", ["/api/v2/me/interactions/{}", "/api/v2/interactions/{}"])
@pytest.mark.parametrize("tag", ['"7"', 'W/"7"', '"6", "7"', "*"])
async def test_version_that_the_client_has_is_not_sent_again(
    gateway: Gateway, agent1: httpx2.AsyncClient, path: str, tag: str
) -> None:
    draft = await gateway.drafted(version=7)
    whole = await agent1.get(path.format(draft.id))

    for method in ("GET", "HEAD"):
        answer = await agent1.request(method, path.format(draft.id), headers={"If-None-Match": tag})

        assert (answer.status_code, answer.content) == (304, b"")
        for name in ("etag", "cache-control", "vary"):
            assert answer.headers.get(name) == whole.headers.get(name)
        assert "content-type" not in answer.headers


async def test_version_that_has_changed_is_sent(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted(version=7)

    answer = await agent1.get(
        f"/api/v2/me/interactions/{draft.id}", headers={"If-None-Match": '"6"'}
    )

    assert answer.status_code == 200
    assert answer.json()["interaction"]["id"] == draft.id


async def test_restricted_view_has_its_own_tag(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted(version=7)
    path = f"/api/v2/interactions/{draft.id}"
    agent2 = await gateway.client("agent2")

    outline = await agent2.get(path)
    known = await agent2.get(path, headers={"If-None-Match": outline.headers["etag"]})
    whole = await agent1.get(path, headers={"If-None-Match": outline.headers["etag"]})

    assert known.status_code == 304
    assert "Text" not in outline.json()["interaction"]["email_object"]
    assert "Text" in whole.json()["interaction"]["email_object"]


async def test_mail_of_somebody_else_is_refused_whatever_is_known(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted("agent2", version=7)

    answer = await agent1.get(f"/api/v2/me/interactions/{draft.id}", headers={"If-None-Match": "*"})

    assert answer.status_code == 403


async def test_delivery_change_defeats_a_known_version(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted(version=7)
    await tried(gateway, draft, DeliveryState.DEFERRED, LATER)
    path = f"/api/v2/me/interactions/{draft.id}"

    answer = await agent1.get(path, headers={"If-None-Match": '"7"'})

    assert answer.headers["etag"] == '"7"'
    assert answer.json()["interaction"]["delivery"]["state"]


async def test_delivery_change_changes_the_tag_of_a_reader(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    sent = await outbound(gateway, State.SENDING)
    path = f"/api/v2/interactions/{sent.id}"
    before = await agent1.get(path)
    await tried(gateway, sent, DeliveryState.DEFERRED, LATER)

    after = await agent1.get(path, headers={"If-None-Match": before.headers["etag"]})
    again = await agent1.get(path, headers={"If-None-Match": after.headers["etag"]})

    assert (after.status_code, again.status_code) == (200, 304)
    assert after.json()["interaction"]["delivery"]["attempts"] == 1
