"""Every message about a mail that arrived, with all of its fields."""

from typing import Any

import pytest

from tests.contract.desk import Desk
from tests.contract.shapes import CUSTOMER, ID, MOMENT, accepted, gone, heading, told

pytestmark = [pytest.mark.connected, pytest.mark.journey]


async def test_invited(desk: Desk) -> None:
    message = await desk.invited()

    assert message == {
        **told(ID, "Invited"),
        "email_object": heading(message["id"]),
        "interactionType": "Email",
        "interactionSubType": "InboundNew",
        "userData": CUSTOMER,
        "currentQueue": "support",
        "capabilities": ["Accept", "Reject"],
        "inviteExpiresAt": MOMENT,
        "extendedCapabilities": [],
        "direction": "Inbound",
        "threadId": message["id"],
    }


async def test_revoked(desk: Desk) -> None:
    interaction_id = (await desk.invited())["id"]

    assert await desk.hear("Revoked") == gone(interaction_id, "Revoked")


async def test_rejected(desk: Desk) -> None:
    interaction_id = (await desk.invited())["id"]

    assert await desk.do(interaction_id, "Reject") == {"status": "ok", "statusCode": 0}

    assert await desk.hear("Rejected") == gone(interaction_id, "Rejected")


async def test_accepted(desk: Desk) -> None:
    interaction_id = (await desk.invited())["id"]

    assert await desk.do(interaction_id, "Accept") == {"status": "ok", "statusCode": 0}

    message = await desk.hear("Accepted")
    assert message == accepted(interaction_id)
    # A list shows what the message shows; only the journal knows positions.
    assert await desk.listed(interaction_id) == {
        name: value for name, value in message.items() if name != "position"
    }


async def test_accepted_with_a_file(desk: Desk) -> None:
    message = await desk.accepted(X_File="yes")

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
    desk: Desk, name: str, more: dict[str, Any], user_data: dict[str, Any]
) -> None:
    interaction_id = (await desk.accepted())["id"]

    assert await desk.do(interaction_id, name, **more) == {"status": "ok", "statusCode": 0}

    message = await desk.hear("Accepted", kind="PropertiesUpdated")
    assert message == accepted(interaction_id, "PropertiesUpdated", userData=user_data)


async def test_properties_updated_by_a_comment(desk: Desk) -> None:
    interaction_id = (await desk.accepted())["id"]

    await desk.do(interaction_id, "AddComment", comment="called back")

    message = await desk.hear("Accepted", kind="PropertiesUpdated")
    assert message["email_object"].pop("TheComment") == "called back"
    expected = accepted(interaction_id, "PropertiesUpdated")
    del expected["email_object"]["TheComment"]
    assert message == expected


async def test_placed_in_queue(desk: Desk) -> None:
    interaction_id = (await desk.accepted())["id"]

    answer = await desk.do(interaction_id, "PlaceInQueue", queueName="sales")

    assert answer == {"status": "ok", "statusCode": 0}
    assert await desk.hear("PlacedInQueue") == gone(interaction_id, "PlacedInQueue")


async def test_transferred(desk: Desk, other: Desk) -> None:
    interaction_id = (await desk.accepted())["id"]

    answer = await desk.do(interaction_id, "Transfer", userName="agent2")

    assert answer == {"statusCode": 0, "status": "ok"}
    assert await desk.hear("Transferred") == gone(interaction_id, "Transferred")
    offered = await other.hear("Invited")
    assert (offered["id"], offered["capabilities"]) == (interaction_id, ["Accept", "Reject"])


async def test_completed(desk: Desk) -> None:
    interaction_id = (await desk.accepted())["id"]

    assert await desk.do(interaction_id, "Complete") == {"statusCode": 0, "status": "ok"}

    assert await desk.hear("Completed") == gone(interaction_id, "Completed")


async def test_redirected(desk: Desk) -> None:
    interaction_id = (await desk.accepted())["id"]

    answer = await desk.do(interaction_id, "Redirect", toAddress="bob@example.org")

    assert answer == {"statusCode": 0, "status": "ok", "interactionId": ID}
    assert await desk.hear("Completed") == gone(interaction_id, "Completed")
    assert await desk.hear("Sent") == gone(answer["interactionId"], "Sent")
