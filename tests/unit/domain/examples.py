"""Interactions for tests to start from."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.domain.interaction import Address, Email, Interaction
from shared.domain.lifecycle import Direction, State

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=30)


def inbound(**fields: Any) -> Interaction:
    """Return a mail from Ann that waits in support."""
    mail = Email(
        subject="Invoice 17",
        sender=Address("ann@example.org", "Ann"),
        to=(Address("support@demo.example"),),
        text="Hello\nbye",
        message_id="<1@example.org>",
    )
    return replace(
        Interaction(
            id="00009A8T8Y130123",
            direction=Direction.INBOUND,
            subtype="InboundNew",
            state=State.QUEUED,
            queue="support",
            received_at=NOW,
            queued_at=NOW,
            mailbox="support@demo.example",
            mail=mail,
        ),
        **fields,
    )
