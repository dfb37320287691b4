"""Which pages may talk to the server."""

import pytest
from websockets.exceptions import InvalidStatus

from tests.connected.bayeux.running_lab import RunningLab

ALLOWED = "https://desk.example"
FOREIGN = "https://evil.example"


async def test_an_allowed_page_may_read_the_answer(lab: RunningLab) -> None:
    async with lab.polling() as client:
        answer = await client.post(client.message("/meta/connect"), headers={"Origin": ALLOWED})

        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == ALLOWED
        assert answer.headers["access-control-allow-credentials"] == "true"


@pytest.mark.parametrize("origin", [FOREIGN, "null", "https://desk.example.evil.example"])
async def test_a_foreign_page_is_refused(lab: RunningLab, origin: str) -> None:
    async with lab.polling() as client:
        answer = await client.post(client.message("/meta/connect"), headers={"Origin": origin})

        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers


async def test_a_page_of_the_server_itself_is_welcome(lab: RunningLab) -> None:
    async with lab.polling() as client:
        answer = await client.post(client.message("/meta/connect"), headers={"Origin": lab.url})

        assert answer.status_code == 200


async def test_a_preflight_needs_no_login(lab: RunningLab) -> None:
    async with lab.polling() as client:
        del client.http.headers["Authorization"]

        allowed = await client.http.options(client.path, headers={"Origin": ALLOWED})
        refused = await client.http.options(client.path, headers={"Origin": FOREIGN})

        assert allowed.status_code == 200
        assert "POST" in allowed.headers["access-control-allow-methods"]
        assert refused.status_code == 403


async def test_a_foreign_page_cannot_open_a_socket(lab: RunningLab) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with lab.socket(Origin=FOREIGN):
            pass

    assert refused.value.response.status_code == 403


async def test_an_allowed_page_can(lab: RunningLab) -> None:
    async with lab.socket(Origin=ALLOWED) as client:
        await client.join()

        assert client.client_id
