"""Log lines of a request have the correlation id of its interaction."""

from uuid import UUID

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from shared.contracts.envelope import Cause
from shared.storage.interactions import interaction_store
from tests.support.gateway import Gateway

pytestmark = pytest.mark.connected


async def logged(gateway: Gateway, path: str) -> dict[str, object]:
    """Return the line about a request that fails, because what it reads is damaged."""
    damaged = {"_id": "DAMAGED", "state": "accepted", "owner_id": "agent1", "version": 3}
    await gateway.backend.database[interaction_store.COLLECTION].insert_one(damaged)
    agent1 = await gateway.client("agent1")
    with capture_logs(processors=[merge_contextvars]) as lines:
        assert (await agent1.get(path)).status_code == 500
    (line,) = [dict(one) for one in lines if one["event"] == "request failed"]
    return line


@pytest.mark.parametrize("prefix", ["/api/v2", "/api/v2/me", ""])
async def test_log_of_a_request_has_the_journey_of_its_mail(gateway: Gateway, prefix: str) -> None:
    line = await logged(gateway, f"{prefix}/interactions/DAMAGED")

    assert str(line["correlation_id"]) == str(Cause.about("DAMAGED").correlation_id)


async def test_log_of_a_request_about_no_mail_has_an_id(gateway: Gateway) -> None:
    line = await logged(gateway, "/api/v2/me/interactions?fields=*")

    assert UUID(str(line["correlation_id"])).version == 4
