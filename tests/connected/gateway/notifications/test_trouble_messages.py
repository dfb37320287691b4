"""The messages about deliveries that fail, and about operations that come too late."""

from contextlib import AsyncExitStack
from typing import Any

import pytest

from shared.contracts.events import (
    DeliveryDeferred,
    DeliveryFailed,
    DeliveryUncertain,
    MailSent,
    OperationRefused,
    WorkReclaimed,
)
from shared.domain.lifecycle import Direction, State
from tests.connected.gateway.oddities.asking import listening
from tests.contract.shapes import gone, reply_created
from tests.support.gateway import Gateway

pytestmark = pytest.mark.connected


async def told(gateway: Gateway, event: Any) -> Any:
    async with AsyncExitStack() as stack:
        agent = await listening(gateway, stack)
        await gateway.announce(event)
        return (await agent.event())["data"]


@pytest.mark.parametrize(
    ("event", "state", "more"),
    [
        (MailSent, "Sent", {}),
        (DeliveryDeferred, "Sending", {}),
        (
            DeliveryUncertain,
            "Uncertain",
            {"notificationType": "Error", "errorDescription": "no answer"},
        ),
    ],
)
async def test_delivery_outcome_is_shown_with_its_reason(
    gateway: Gateway, event: Any, state: str, more: dict[str, str]
) -> None:
    mail = await gateway.store(direction=Direction.OUTBOUND, state=State.SENDING, owner_id="agent1")

    message = await told(gateway, event.of(mail, "agent1", reason="no answer"))

    assert message == {**gone(mail.id, state), "reason": "no answer", **more}


async def test_failed_delivery_shows_the_draft_again(gateway: Gateway) -> None:
    draft = await gateway.drafted(thread_id="00009A8T8Y130100", parent_id="00009A8T8Y130100")

    message = await told(gateway, DeliveryFailed.of(draft, "agent1", reason="no such user"))

    assert message == {
        **reply_created(draft.id, "Error"),
        "email_object": message["email_object"],
        "currentQueue": "support",
        "reason": "no such user",
        "errorDescription": "no such user",
    }
    assert message["email_object"]["Text"] == "Hello\nbye"


async def test_reclaimed_work_is_shown_as_revoked(gateway: Gateway) -> None:
    mail = await gateway.accepted()

    message = await told(gateway, WorkReclaimed.of(mail, "agent1"))

    assert message == gone(mail.id, "Revoked")


async def test_refused_operation_is_named_as_in_the_api(
    gateway: Gateway,
) -> None:
    mail = await gateway.accepted("agent2")
    refused = OperationRefused.of(
        mail, "agent1", operation="accept-invitation", reason="too late", kind="not-owner"
    )

    message = await told(gateway, refused)

    reason = "Accept is for the agent who holds this interaction"
    assert message == {
        **gone(mail.id, "NotHeld"),
        "notificationType": "Error",
        "operationName": "Accept",
        "reason": reason,
        "errorDescription": reason,
    }
