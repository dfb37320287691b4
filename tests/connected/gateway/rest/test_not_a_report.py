"""NotAReport and Release: administrators put mail into its queue that nobody was offered."""

import pytest

from shared.domain.interaction import Interaction
from shared.domain.lifecycle import State
from tests.support.gateway import Gateway

pytestmark = pytest.mark.connected

NOT_A_REPORT = {"operationName": "NotAReport"}


async def report(gateway: Gateway, **user_data: str) -> Interaction:
    return await gateway.store(
        state=State.COMPLETED, subtype="InboundReport", user_data=user_data, owner_id="agent1"
    )


@pytest.mark.parametrize(
    ("key", "operation"),
    [("_Report", "NotAReport"), ("_Discarded", "Release"), ("_Flood", "Release")],
)
async def test_an_administrator_disowns_a_report(
    gateway: Gateway, key: str, operation: str
) -> None:
    mail = await report(gateway, **{key: "out-of-office"})
    admin = await gateway.client("admin")

    answer = await admin.post(
        f"/api/v2/ucs/interactions/{mail.id}", json={"operationName": operation}
    )

    assert (answer.status_code, answer.json()["statusCode"]) == (200, 0)
    command = await gateway.command()
    assert (command["type"], command["interaction_id"]) == ("disown-report", mail.id)


async def test_an_agent_disowns_no_report(gateway: Gateway) -> None:
    mail = await report(gateway, _Report="out-of-office")
    agent = await gateway.client("agent1")

    answer = await agent.post(f"/api/v2/ucs/interactions/{mail.id}", json=NOT_A_REPORT)

    assert answer.status_code == 403


@pytest.mark.parametrize("operation", ["NotAReport", "Release", "Complete"])
async def test_other_mails_and_operations_are_refused(gateway: Gateway, operation: str) -> None:
    mail = await report(gateway)
    admin = await gateway.client("admin")

    answer = await admin.post(
        f"/api/v2/ucs/interactions/{mail.id}", json={"operationName": operation}
    )

    assert answer.json()["statusCode"] != 0
    assert gateway.commands.empty()
