"""The row about attachments: a plain form, which a page of another origin may send as well."""

import pytest

from tests.support.backend import Backend
from tests.support.gateway import running_gateway

pytestmark = pytest.mark.connected

PAGE = "https://desktop.example"


async def test_oddity_34_a_plain_form_is_taken_from_any_page_that_is_welcome(
    backend: Backend, vhost_url: str, database_url: str
) -> None:
    async with running_gateway(backend, vhost_url, database_url, allowed_origins=PAGE) as gateway:
        await gateway.add_agent("agent1")
        agent1 = await gateway.client("agent1", headers={"Origin": PAGE})
        draft = await gateway.drafted()
        path = f"/api/v2/me/interactions/{draft.id}/attachments"

        allowed = await agent1.options(path, headers={"Access-Control-Request-Method": "POST"})
        answer = await agent1.post(path, files=[("attachment", ("a.txt", b"a", "text/plain"))])

    assert "POST" in allowed.headers["access-control-allow-methods"]
    assert answer.json()["statusCode"] == 0
    assert answer.headers["access-control-allow-origin"] == PAGE
