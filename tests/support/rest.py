"""Operations that agents ask for over REST."""

from collections.abc import Mapping
from typing import Any

import httpx2


async def ask(
    client: httpx2.AsyncClient,
    path: str,
    name: str,
    *,
    headers: Mapping[str, str] | None = None,
    **body: Any,
) -> httpx2.Response:
    """POST an operation to a resource, such as `/me/channels/email`."""
    return await client.post(
        f"/api/v2{path}", json={"operationName": name, **body}, headers=dict(headers or {})
    )


async def ask_about(
    client: httpx2.AsyncClient,
    interaction_id: str,
    name: str,
    *,
    headers: Mapping[str, str] | None = None,
    **body: Any,
) -> httpx2.Response:
    """POST an operation to an interaction; an empty id begins one."""
    return await ask(client, f"/me/interactions/{interaction_id}", name, headers=headers, **body)
