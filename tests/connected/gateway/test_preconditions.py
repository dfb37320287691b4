"""`ETag` and `If-Match`: two tabs cannot overwrite each other."""

import httpx2
import pytest

from tests.connected.gateway.conftest import Gateway, failure

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


async def test_whose_it_is_comes_before_its_version(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted("agent2", version=7)

    answer = await agent1.post(
        f"/me/interactions/{draft.id}", json=SEND, headers={"If-Match": '"1"'}
    )

    assert answer.status_code == 403
    assert failure(5, answer.json())
