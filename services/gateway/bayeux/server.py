"""The Bayeux server as an ASGI application, and what the gateway may ask of it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Protocol

from services.gateway.bayeux.engine import Engine, Listener
from services.gateway.bayeux.hub import Hub
from services.gateway.bayeux.long_polling import LongPolling
from services.gateway.bayeux.origins import cors_headers, is_welcome, may_include, preflight
from services.gateway.bayeux.policy import SubscriptionPolicy
from services.gateway.bayeux.session import Login
from services.gateway.bayeux.settings import BayeuxSettings
from services.gateway.bayeux.topics import own_topics_only
from services.gateway.bayeux.web import Answer, Receive, Scope, Send, refuse_upgrade, respond
from services.gateway.bayeux.websocket import WebSockets
from shared.chores import repeating


class Principal(Protocol):
    """Somebody who logged in."""

    @property
    def user_id(self) -> str:
        """Whose topics "me" stands for."""
        ...

    @property
    def login(self) -> Login:
        """By what right they speak, and how long."""
        ...


Authenticate = Callable[[Scope], Awaitable[Principal | None]]
"""Finds out from an HTTP request or an upgrade who speaks; None when nobody known."""


class BayeuxApplication:
    """Serves `settings.base_paths` and all below them, over long-polling and websocket.

    Args:
        settings: times, limits, origins.
        authenticate: asked for every POST and every upgrade.
        unauthenticated: what is answered when it returns None.
        listener: told who listens, see `Listener`.
        policy: judges subscriptions; by default an agent's own topics only.
    """

    def __init__(
        self,
        settings: BayeuxSettings,
        *,
        authenticate: Authenticate,
        unauthenticated: Answer,
        listener: Listener,
        policy: SubscriptionPolicy = own_topics_only,
    ) -> None:
        self._settings = settings
        self._below = tuple(f"{base}/" for base in settings.base_paths)
        self._engine = Engine(settings, policy, listener)
        self._authenticate = authenticate
        self._unauthenticated = unauthenticated
        self._long_polling = LongPolling(self._engine)
        self._websockets = WebSockets(self._engine)

    @property
    def hub(self) -> Hub:
        """The protocol's state, for metrics and tests."""
        return self._engine.hub

    def serves(self, path: str) -> bool:
        """Tell whether a path belongs to this application."""
        return path in self._settings.base_paths or path.startswith(self._below)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one socket."""
        if scope["type"] == "websocket":
            await self._serve_socket(scope, receive, send)
        else:
            await self._serve_request(scope, receive, send)

    def publish(
        self, user_id: str, topic: str, payload: object, *, position: int | None = None
    ) -> None:
        """Deliver to every session of a user that hears `topic` (its canonical name).

        Positions of the user's journal are published in order, from the one of `begin` on.
        """
        event = self._engine.event(payload)
        self._engine.perform(self.hub.publish(user_id, topic, event, position))

    def begin(self, user_id: str, position: int) -> None:
        """Promise to publish all that follows a position of the user's journal."""
        self._engine.perform(self.hub.begin(user_id, position))

    def disown(self, user_id: str) -> None:
        """End a user's sessions because something is missing; their clients begin anew."""
        self._engine.perform(self.hub.disown(self.hub.sessions_of(user_id)))

    def publish_to_all(self, topic: str, payload: object) -> None:
        """Deliver to every session of every user that hears `topic`."""
        event = self._engine.event(payload)
        self._engine.perform(self.hub.publish_to_all(topic, event))

    def send(self, session_id: str, channel: str, payload: object) -> None:
        """Deliver to one session, on a channel that it subscribed to."""
        event = self._engine.event(payload)
        self._engine.perform(self.hub.send(session_id, channel, event))

    def users(self) -> set[str]:
        """Return who has a session or a socket open here."""
        return {session.user_id for session in self.hub.sessions()} | self._websockets.users()

    def revoke(self, user_id: str, keeping: Collection[str] = ()) -> None:
        """End what a user has open: connects are answered 401 with `reconnect: none`.

        What a login with one of the proofs in `keeping` opened goes on.
        """
        self._engine.perform(self.hub.revoke(user_id, keeping))
        self._websockets.close_user(user_id, keeping)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sweep dead sessions while the block runs."""
        try:
            async with repeating(self._sweep, every=self._settings.sweep_period):
                yield
        finally:
            await self._engine.stop()

    async def drain(self) -> None:
        """Release every connect with a random interval, then close the sockets with 1001."""
        self._engine.release_all()
        await self._websockets.close_all()

    async def _sweep(self) -> None:
        self._engine.sweep()

    async def _serve_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (refusal := self._refusal(scope)) is not None:
            await respond(send, refusal)
            return
        principal = await self._authenticate(scope)
        if principal is None:
            await respond(send, self._unauthenticated.plus(*cors_headers(scope)))
        else:
            await self._long_polling.serve(principal.user_id, principal.login, scope, receive, send)

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if not self.serves(scope["path"]):
            await refuse_upgrade(scope, send, Answer(404))
        elif not is_welcome(scope, self._settings):
            await refuse_upgrade(scope, send, Answer(403))
        elif (principal := await self._authenticate(scope)) is None:
            await refuse_upgrade(scope, send, self._unauthenticated)
        else:
            await self._websockets.serve(principal.user_id, principal.login, scope, receive, send)

    def _refusal(self, scope: Scope) -> Answer | None:
        """Answer what needs no user."""
        if not self.serves(scope["path"]):
            return Answer(404)
        if not is_welcome(scope, self._settings):
            return Answer(403)
        if scope["method"] == "OPTIONS":
            return preflight(scope)
        if scope["method"] == "GET" and self._settings.callback_polling:
            return None if may_include(scope, self._settings) else Answer(403)
        allowed = (b"allow", b"POST, OPTIONS")
        return None if scope["method"] == "POST" else Answer(405, headers=(allowed,))
