"""Repeated additions to an interaction have a limit for the whole, checked at once."""

from typing import Any

import httpx2
import pytest

from shared.domain.interaction import Interaction
from shared.domain.user_data import LARGEST, MOST_KEYS
from tests.support.gateway import Gateway, failure

pytestmark = pytest.mark.connected

NEARLY_ALL = {"a": "x" * (LARGEST - 100)}
MORE = {"b": "x" * 200}
ALL_KEYS = {str(number): 1 for number in range(MOST_KEYS)}


@pytest.mark.parametrize(("before", "more"), [(NEARLY_ALL, MORE), (ALL_KEYS, {"b": 1})])
@pytest.mark.parametrize(
    ("state", "name", "given"),
    [
        ("accepted", "UpdateUserData", "userData"),
        ("accepted", "AttachUserData", "userData"),
        ("drafted", "Save", "userData"),
    ],
)
async def test_user_data_is_bounded_as_a_whole(
    gateway: Gateway,
    agent1: httpx2.AsyncClient,
    before: dict[str, Any],
    more: dict[str, Any],
    state: str,
    name: str,
    given: str,
) -> None:
    mail: Interaction = await getattr(gateway, state)(user_data=before)
    body = {"operationName": name, given: more}

    answer = await agent1.post(f"/api/v2/me/interactions/{mail.id}", json=body)

    assert answer.status_code == 400
    assert failure(10, answer.json())
    assert await gateway.unchanged(mail)


async def test_a_disposition_counts_as_user_data(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.accepted(user_data=NEARLY_ALL)
    body = {"operationName": "SetDisposition", "disposition": MORE["b"]}

    answer = await agent1.post(f"/api/v2/me/interactions/{mail.id}", json=body)

    assert answer.status_code == 400
    assert failure(10, answer.json())


async def test_full_user_data_can_be_emptied(gateway: Gateway, agent1: httpx2.AsyncClient) -> None:
    mail = await gateway.accepted(user_data=NEARLY_ALL | MORE | ALL_KEYS)
    body = {"operationName": "DeleteUserData", "userData": ["a"]}

    answer = await agent1.post(f"/api/v2/me/interactions/{mail.id}", json=body)

    assert answer.status_code == 200
    assert (await gateway.command())["remove"] == {"a": []}
