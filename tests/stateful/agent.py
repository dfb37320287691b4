"""One of the agents: gives orders over REST, until there is an answer, and listens."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, Self
from uuid import uuid4

import httpx2 as httpx

from tests.stateful.cometd_listener import CometdListener
from tests.stateful.view import Message, View

_PAUSE: Final = 0.1
_WAIT: Final = 20

CAPACITY: Final = 2
"""How many mails every agent is given at the same time."""

Body = Mapping[str, Any]


@dataclass
class Agent:
    """An agent who is logged in; `ready` and `logged_in` are what the agent asked for last."""

    name: str
    id: str
    queues: frozenset[str]
    bins: frozenset[str]
    client: httpx.AsyncClient
    view: View = field(default_factory=View)
    ready: bool = False
    logged_in: bool = False

    def __post_init__(self) -> None:
        self.listener = CometdListener(self.client, self.view)

    @classmethod
    async def log_in(cls, name: str, queues: frozenset[str], client: httpx.AsyncClient) -> Self:
        """Return an agent who serves these queues, and knows which workbins are open."""
        user = (await client.get("/api/v2/me")).json()["user"]
        bins = (await client.get("/api/v2/me/workbins")).json()["workbins"]
        return cls(name, user["id"], queues, frozenset(one["id"] for one in bins), client)

    async def become(self, presence: str) -> None:
        """Be Ready, or not for one of the reasons, or log out."""
        is_end = presence == "EndContactCenterSession"
        path = "/api/v2/me" if is_end else "/api/v2/me/channels/email"
        answer = await self._patiently("POST", path, json={"operationName": presence})
        assert answer.is_success, answer.text
        self.ready, self.logged_in = presence == "Ready", not is_end

    async def give(self, order: str, about: str, body: Body, **headers: str) -> httpx.Response:
        """Give an order once, and return what is answered."""
        path, options = _request(order, about, body)
        method = "PUT" if order == "PUT" else "POST"
        return await self.client.request(method, path, headers=headers, **options)

    async def give_and_wait(self, order: str, about: str, body: Body) -> httpx.Response:
        """Give an order and have the answer wait for what comes of it."""
        return await self.give(order, about, body, Prefer=f"wait={_WAIT}")

    async def insist(self, order: str, about: str, body: Body) -> httpx.Response:
        """Give an order until there is an answer, whatever dies meanwhile.

        The key says that it is the same one, so that it is done once (PUT needs none).
        """
        path, options = _request(order, about, body)
        if order == "PUT":
            return await self._patiently("PUT", path, **options)
        return await self._patiently(
            "POST", path, headers={"Idempotency-Key": uuid4().hex}, **options
        )

    async def read(self, path: str) -> Message:
        """Return what is at a path."""
        answer = await self._patiently("GET", f"/api/v2{path}")
        assert answer.is_success, f"GET {path}: {answer.status_code} {answer.text}"
        found: Message = answer.json()
        return found

    async def _patiently(self, method: str, path: str, **options: Any) -> httpx.Response:
        while True:
            try:
                answer = await self.client.request(method, path, **options)
            except httpx.HTTPError:
                await asyncio.sleep(_PAUSE)
                continue
            # In progress is what a repetition is told whose first try died with its gateway.
            if answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR and (
                "Retry-After" not in answer.headers
            ):
                return answer
            await asyncio.sleep(_PAUSE)


def _request(order: str, about: str, body: Body) -> tuple[str, dict[str, Any]]:
    path = f"/api/v2/me/interactions/{about}".rstrip("/")
    if order == "LinkAttachment":
        return f"{path}/attachments", {"files": {"attachment": ("note.txt", b"note")}}
    if order == "PUT":
        return path, {"json": dict(body)}
    return path, {"json": {"operationName": order, **body}}
