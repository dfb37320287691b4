"""Every message about a mail that arrived, with all of its fields."""

from typing import Any

import pytest

from tests.contract.agent_desktop import AgentDesktop
from tests.contract.shapes import CUSTOMER, ID, MOMENT, accepted, gone, heading, told

pytestmark = [pytest.mark.connected, pytest.mark.journey]


async def test_invited(desktop: AgentDesktop) -> None:
    message = await desktop.invited()

    assert message == {
        **told(ID, "Invited"),
        "email_object": heading(message["id"]),
        "interactionType": "Email",
        "interactionSubType": "InboundNew",
        "userData": CUSTOMER,
        "currentQueue": "support",
        "capabilities": ["Accept", "Reject"],
        "inviteExpiresAt": MOMENT,
        "extendedCapabilities": ["ExtendInvitation"],
        "direction": "Inbound",
        "threadId": message["id"],
    }


async def test_revoked(desktop: AgentDesktop) -> None:
    interaction_id = (await desktop.invited())["id"]

    assert await desktop.hear("Revoked") == gone(interaction_id, "Revoked")


async def test_rejected(desktop: AgentDesktop) -> None:
    interaction_id = (await desktop.invited())["id"]

    assert await desktop.do(interaction_id, "Reject") == {"status": "ok", "statusCode": 0}

    assert await desktop.hear("Rejected") == gone(interaction_id, "Rejected")


async def test_accepted(desktop: AgentDesktop) -> None:
    interaction_id = (await desktop.invited())["id"]

    assert await desktop.do(interaction_id, "Accept") == {"status": "ok", "statusCode": 0}

    message = await desktop.hear("Accepted")
    assert message == accepted(interaction_id)
    # A list shows what the message shows; only the journal knows positions.
    assert await desktop.listed(interaction_id) == {
        name: value for name, value in message.items() if name != "position"
    }


async def test_accepted_with_a_file(desktop: AgentDesktop) -> None:
    message = await desktop.accepted(X_File="yes")

    (file,) = message["email_object"]["attachments"]
    assert file == {
        "id": ID,
        "name": "scan.tiff",
        "size": 7,
        "mimetype": "image/tiff",
        "mime": "image/tiff",
    }
    assert message["userData"]["_ContainsAttachment"] == "true"


@pytest.mark.parametrize(
    ("name", "more", "user_data"),
    [
        ("UpdateUserData", {"userData": {"a": 1}}, CUSTOMER | {"a": 1}),
        ("AttachUserData", {"userData": {"a": {"b": 2}}}, CUSTOMER | {"a": {"b": 2}}),
        ("SetDisposition", {"disposition": "solved"}, CUSTOMER | {"DISP_KEY": "solved"}),
        (
            "DeleteUserData",
            {"userData": {"Origination_Source": ""}},
            {name: one for name, one in CUSTOMER.items() if name != "Origination_Source"},
        ),
    ],
)
async def test_properties_updated(
    desktop: AgentDesktop, name: str, more: dict[str, Any], user_data: dict[str, Any]
) -> None:
    interaction_id = (await desktop.accepted())["id"]

    assert await desktop.do(interaction_id, name, **more) == {"status": "ok", "statusCode": 0}

    message = await desktop.hear("Accepted", kind="PropertiesUpdated")
    assert message == accepted(interaction_id, "PropertiesUpdated", userData=user_data)


async def test_properties_updated_by_a_comment(desktop: AgentDesktop) -> None:
    interaction_id = (await desktop.accepted())["id"]

    await desktop.do(interaction_id, "AddComment", comment="called back")

    message = await desktop.hear("Accepted", kind="PropertiesUpdated")
    assert message["email_object"].pop("TheComment") == "called back"
    expected = accepted(interaction_id, "PropertiesUpdated")
    del expected["email_object"]["TheComment"]
    assert message == expected


async def test_placed_in_queue(desktop: AgentDesktop) -> None:
    interaction_id = (await desktop.accepted())["id"]

    answer = await desktop.do(interaction_id, "PlaceInQueue", queueName="sales")

    assert answer == {"status": "ok", "statusCode": 0}
    assert await desktop.hear("PlacedInQueue") == gone(interaction_id, "PlacedInQueue")


async def test_transferred(desktop: AgentDesktop, other_desktop: AgentDesktop) -> None:
    interaction_id = (await desktop.accepted())["id"]

    answer = await desktop.do(interaction_id, "Transfer", userName="agent2")

    assert answer == {"statusCode": 0, "status": "ok"}
    assert await desktop.hear("Transferred") == gone(interaction_id, "Transferred")
    offered = await other_desktop.hear("Invited")
    assert (offered["id"], offered["capabilities"]) == (interaction_id, ["Accept", "Reject"])


async def test_completed(desktop: AgentDesktop) -> None:
    interaction_id = (await desktop.accepted())["id"]

    assert await desktop.do(interaction_id, "Complete") == {"statusCode": 0, "status": "ok"}

    assert await desktop.hear("Completed") == gone(interaction_id, "Completed")


async def test_redirected(desktop: AgentDesktop) -> None:
    interaction_id = (await desktop.accepted())["id"]

    answer = await desktop.do(interaction_id, "Redirect", toAddress="bob@example.org")

    assert answer == {"statusCode": 0, "status": "ok", "interactionId": ID}
    assert await desktop.hear("Completed") == gone(interaction_id, "Completed")
    assert await desktop.hear("Sent") == gone(answer["interactionId"], "Sent")
