"""The lab's users, its listener, and the few requests that steer it."""

import base64
import binascii
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from pydantic_core import from_json

from services.gateway.http.asgi import AbortedError, Receive, TooLargeError, read_body, respond
from services.gateway.notifications.topics import INTERACTIONS, own_topics_only
from shared.bayeux import (
    Answer,
    BayeuxCollector,
    BayeuxServer,
    BayeuxSettings,
    Login,
    Page,
    Route,
)
from shared.bayeux.transports.web import Scope, Send, header, refuse_upgrade
from shared.domain.journal_positions import Span

UNAUTHENTICATED: Final = Answer(
    401,
    b'{"statusCode":20,"statusMessage":"Not authenticated"}',
    (
        (b"content-type", b"application/json;charset=UTF-8"),
        (b"www-authenticate", b'Basic realm="lab"'),
    ),
)
_TEXT: Final = (b"content-type", b"text/plain;charset=UTF-8")
_MAX_PUBLISH_BYTES: Final = 16 * 1024 * 1024


class MalformedOrderError(ValueError):
    """An order that cannot be carried out; its text says why."""


@dataclass(frozen=True, slots=True)
class Agent:
    """The user of the token `agent-<id>`."""

    user_id: str
    login: Login = field(default_factory=Login)
    headers: Mapping[str, str] = field(default_factory=dict)


class IgnoringListener:
    """A listener for a lab that publishes events with or without subscribers."""

    def on_first_subscription(self, user_id: str) -> None:
        """Nothing has to be bound."""

    def on_last_unsubscription(self, user_id: str) -> None:
        """Nothing has to be unbound."""

    async def on_subscribed(self, user_id: str, route: Route, session_id: str) -> None:
        """There are no earlier events."""

    async def span(self, user_id: str) -> Span:
        """Nothing is kept."""
        del user_id
        return Span(oldest=1, newest=0)

    async def replay(self, user_id: str, after: int) -> Page:
        """There is nothing to replay."""
        del user_id
        return Page((), reached=after)


async def authenticate(scope: Scope) -> Agent | Answer:
    """Accept `Bearer agent-<id>`, or Basic with `agent-<id>` as user and as password."""
    kind, _, credentials = (header(scope, b"authorization") or "").partition(" ")
    token = _basic(credentials) if kind.lower() == "basic" else credentials
    prefix, _, agent = token.partition("-")
    return Agent(agent) if prefix == "agent" and agent else UNAUTHENTICATED


def settings_from(environment: Mapping[str, str]) -> BayeuxSettings:
    """Read the documented variables; the others keep their defaults."""
    chosen: dict[str, Any] = {
        name.lower().removesuffix("_ms"): timedelta(milliseconds=int(environment[name]))
        for name in (
            "TIMEOUT_MS",
            "INTERVAL_MS",
            "MAX_INTERVAL_MS",
            "SWEEP_PERIOD_MS",
            "DRAIN_SPREAD_MS",
        )
        if name in environment
    }
    chosen |= {
        name.lower(): int(environment[name])
        for name in (
            "MAX_QUEUED_EVENTS",
            "MAX_SUBSCRIPTIONS",
            "MAX_SESSIONS_PER_USER",
            "MAX_IDLE_SOCKETS_PER_USER",
        )
        if name in environment
    }
    if "MAX_MESSAGE_BYTES" in environment:
        chosen["max_body_bytes"] = int(environment["MAX_MESSAGE_BYTES"])
    if "ALLOWED_ORIGINS" in environment:
        chosen["allowed_origins"] = frozenset(environment["ALLOWED_ORIGINS"].split(","))
    return BayeuxSettings(
        acknowledgements=environment.get("ACK", "1") != "0",
        callback_polling=environment.get("JSONP") == "1",
        replay=False,
        **chosen,
    )


class Lab:
    """Bayeux, and an ASGI application: `POST /publish`, `POST /revoke`, `GET /metrics`."""

    def __init__(self, settings: BayeuxSettings) -> None:
        self.bayeux = BayeuxServer(
            settings, authenticate=authenticate, listener=IgnoringListener(), policy=own_topics_only
        )
        self._registry = CollectorRegistry()
        self._registry.register(BayeuxCollector(self.bayeux.protocol))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request that is not for Bayeux."""
        path = scope["path"] if scope["type"] == "http" else ""
        if path in {"/publish", "/revoke"}:
            with suppress(AbortedError):
                await respond(send, await self._obeyed(path, receive))
        elif path == "/metrics":
            await respond(send, Answer(200, generate_latest(self._registry)))
        elif scope["type"] == "http":
            await respond(send, Answer(404))
        else:
            await refuse_upgrade(scope, send, Answer(404))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sweep while the block runs."""
        async with self.bayeux.running():
            yield

    async def _obeyed(self, path: str, receive: Receive) -> Answer:
        try:
            self.obey(path, await read_body(receive, at_most=_MAX_PUBLISH_BYTES))
        except TooLargeError:
            return Answer(413, f"more than {_MAX_PUBLISH_BYTES} bytes\n".encode(), (_TEXT,))
        except MalformedOrderError as error:
            return Answer(400, f"{error}\n".encode(), (_TEXT,))
        return Answer(204)

    def obey(self, path: str, text: bytes) -> None:
        """Publish `{"agent": id or "*", "data": …}`, or revoke an agent's login.

        Raises:
            MalformedOrderError: It is not such an object.
        """
        order = _read(text)
        try:
            agent = str(order["agent"])
            if path == "/revoke":
                self.bayeux.revoke(agent)
            elif agent == "*":
                self.bayeux.publish_to_all(INTERACTIONS, order["data"])
            else:
                self.bayeux.publish(agent, INTERACTIONS, order["data"])
        except KeyError as error:
            raise MalformedOrderError(f"missing: {error.args[0]}") from error


def _read(text: bytes) -> Mapping[str, Any]:
    try:
        order = from_json(text)
    except ValueError as error:
        raise MalformedOrderError(f"not JSON: {error}") from error
    if not isinstance(order, dict):
        raise MalformedOrderError("not an object")
    return order


def _basic(credentials: str) -> str:
    try:
        user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return user if user == password else ""
