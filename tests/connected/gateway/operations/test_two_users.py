"""Every call of the API with what is somebody else's changes nothing and reveals nothing.

The calls are made from the routing table: a resource that this test cannot address fails it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unittest.mock import MagicMock

import pytest
from starlette.routing import Route

from services.gateway.operations.registry import NOT_ON_INTERACTIONS, ON_INTERACTIONS
from services.gateway.rest.routes import rest_router
from shared.domain.interaction import Address, Attachment, Email, Interaction
from shared.storage.agents import agent_store
from tests.support.gateway import Gateway

pytestmark = pytest.mark.connected

SECRET = "Zugzwang"
"""A word of the mail, its document and its user data.

Everybody's list shows only who wrote about what.
"""

DOCUMENT = Attachment("00009A8T8Y13002S", f"{SECRET}.pdf", 9, "application/pdf")
MAIL = Email(
    subject="Invoice 17",
    sender=Address("ann@example.org", "Ann"),
    to=(Address("support@demo.example"),),
    text=f"{SECRET}\nbye",
    html=f"<p>{SECRET}</p>",
    message_id=f"<{SECRET}@example.org>",
    in_reply_to=f"<{SECRET}.2@example.org>",
    references=(f"<{SECRET}.1@example.org>", f"<{SECRET}.2@example.org>"),
    attachments=(DOCUMENT,),
)
PUBLIC = {"users": "agent1", "queues": "support", "skills": "german"}
"""What any agent may look up, by the first part of the path."""

PARAMETERS = {
    "queueName": "drafts",
    "userId": "agent2",
    "userData": {"x": 1},
    "email_object": {"toAddress": "thief@example.org", "text": "x"},
    "workbin": "email.draft",
    "toAddress": "thief@example.org",
    "comment": "x",
    "disposition": "x",
    "interactionType": "Outbound",
    "interactionSubType": "OutboundNew",
}

ELSEWHERE = (
    "AddInteraction",
    "GetWorkbinContent",
    "PullEmail",
    "StartContactCenterSession",
    "EndContactCenterSession",
    "SubscribeWorkbinEvents",
)


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    body: dict[str, Any] | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path} {(self.body or {}).get('operationName', '')}".strip()


def routes() -> Iterator[tuple[str, str]]:
    for route in rest_router(MagicMock()).routes:
        assert isinstance(route, Route)
        for method in sorted((route.methods or {"GET"}) - {"HEAD"}):
            yield method, route.path


def names() -> list[str]:
    offered = [name for one in ON_INTERACTIONS for name in (one.name, *one.aliases)]
    return sorted({*offered, *NOT_ON_INTERACTIONS, "Ready", "NotReady", "Dance", *ELSEWHERE})


def calls() -> Iterator[Call]:
    for method, path in routes():
        if method in {"GET", "DELETE"}:
            yield Call(method, path)
        elif method == "PUT":
            yield Call(method, path, {"email_object": PARAMETERS["email_object"]})
            yield Call(method, path, {"userData": PARAMETERS["userData"]})
        else:
            for name in names():
                yield Call(method, path, PARAMETERS | {"operationName": name})


def addressed(path: str, mail: Interaction) -> str:
    """Return the address of a resource of somebody else.

    Raises:
        KeyError: The path has a part that nobody has thought of here.
    """
    first = path.split("/")[1]
    parts = {
        "id": PUBLIC.get(first, mail.id),
        "attachment_id": DOCUMENT.id,
        "channel": "email",
        "workbin": "email.draft",
        "address": "support@demo.example",
    }
    return path.replace(":path", "").format_map(parts)


def body_of(call: Call, mail: Interaction) -> dict[str, Any] | None:
    """Return a body that names the mail wherever a body can."""
    if call.body is None:
        return None
    return call.body | {"id": mail.id, "interactionId": mail.id, "parentId": mail.id}


def changes_a_mail(call: Call) -> bool:
    """Say whether a call would change a mail; one asks for the caller's own workbin instead."""
    name = (call.body or {}).get("operationName")
    return call.method != "GET" and "{id}" in call.path and name != "GetWorkbinContent"


async def present(gateway: Gateway, mail: Interaction) -> tuple[Any, ...]:
    agent = await gateway.backend.newest(agent_store.COLLECTION, "agent1")
    return await gateway.backend.newest("interactions", mail.id), agent


@pytest.mark.parametrize("state", ["offered", "accepted", "drafted"])
@pytest.mark.parametrize("path", sorted({path for _, path in routes()}))
async def test_mail_of_another_agent_is_left_alone(gateway: Gateway, path: str, state: str) -> None:
    mail = await getattr(gateway, state)("agent1", mail=MAIL, user_data={"Note": SECRET})
    before = await present(gateway, mail)
    agent2 = await gateway.client("agent2")

    for call in (one for one in calls() if one.path == path):
        answer = await agent2.request(
            call.method, f"/api/v2{addressed(call.path, mail)}", json=body_of(call, mail)
        )

        assert answer.status_code < 500, call
        assert SECRET not in answer.text, call
        assert SECRET not in str(answer.headers), call
        if changes_a_mail(call):
            assert answer.status_code in {400, 403, 404, 405, 409, 415}, call

    assert await present(gateway, mail) == before
    while not gateway.commands.empty():
        assert gateway.commands.get_nowait()["interaction_id"] != mail.id


@pytest.mark.parametrize("path", sorted({path for _, path in routes()}))
async def test_without_a_login_nothing_is_told(gateway: Gateway, path: str) -> None:
    mail = await gateway.accepted("agent1", mail=MAIL)
    before = await present(gateway, mail)
    stranger = await gateway.client()

    answers = [
        await stranger.request(call.method, f"/api/v2{addressed(call.path, mail)}", json=call.body)
        for call in calls()
        if call.path == path
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert await present(gateway, mail) == before
    assert gateway.commands.empty()


@pytest.mark.parametrize("path", sorted({path for _, path in routes() if path.startswith("/me/i")}))
async def test_an_administrator_who_is_no_agent_works_on_nothing(
    gateway: Gateway, path: str
) -> None:
    mail = await gateway.accepted("agent1", mail=MAIL)
    before = await present(gateway, mail)
    admin = await gateway.client("admin")

    answers = [
        await admin.request(call.method, f"/api/v2{addressed(call.path, mail)}", json=call.body)
        for call in calls()
        if call.path == path
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert await present(gateway, mail) == before
    assert gateway.commands.empty()
