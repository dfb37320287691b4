"""The Bayeux server: composes protocol and transports, and is what an application calls."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any, cast

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from shared.background_tasks import run_periodically
from shared.bayeux.driver import BayeuxDriver, Listener
from shared.bayeux.ext.offered import offered_extensions
from shared.bayeux.protocol.bayeux_protocol import BayeuxProtocol
from shared.bayeux.sessions.principal import Principal
from shared.bayeux.sessions.subscription_policy import SubscriptionPolicy
from shared.bayeux.settings import BayeuxSettings
from shared.bayeux.transports.cluster import Cluster, SingleProcess
from shared.bayeux.transports.cookie_diagnostics import CookieDiagnostics
from shared.bayeux.transports.http.http_connection import HttpConnection, Request
from shared.bayeux.transports.long_polling import LongPolling
from shared.bayeux.transports.origins import (
    cors_headers,
    is_allowed_origin,
    is_known_host,
    may_include,
    preflight,
)
from shared.bayeux.transports.web import Scope
from shared.bayeux.transports.websocket import WebSockets
from shared.bayeux.transports.websocket_connection import SocketConnection
from shared.http.answer import Answer

Authenticate = Callable[[Scope], Awaitable[Principal | Answer]]
"""Reads the head of a request or an upgrade; returns the user, or the answer that refuses it."""


class BayeuxServer:
    """Serves `settings.base_paths` and all paths below them, over long polling and websocket.

    It works below ASGI: `uvicorn_options` puts it beside an ASGI application that serves all other
    paths.

    Args:
        settings: Times, limits, origins.
        authenticate: Called for each upgrade, and for each request that `serve_again` refuses.
        listener: Learns which users have subscriptions, and reads their journals.
        policy: Grants or denies subscriptions.
        cluster: Other processes that hold sessions of the same clients; None for one process.
        trusted_proxies: Addresses whose `X-Forwarded-For` and `X-Forwarded-Proto` count, in the
            form of uvicorn's `forwarded_allow_ips`.
    """

    def __init__(
        self,
        settings: BayeuxSettings,
        *,
        authenticate: Authenticate,
        listener: Listener,
        policy: SubscriptionPolicy,
        cluster: Cluster | None = None,
        trusted_proxies: str = "",
    ) -> None:
        self.is_stopping = False
        others = cluster or SingleProcess()
        self._settings = settings
        self._below = tuple(f"{base}/" for base in settings.base_paths)
        self._driver = BayeuxDriver(
            settings, policy, listener, offered_extensions, name=others.name
        )
        self._authenticate = authenticate
        self._cookie_diagnostics = CookieDiagnostics(self._driver.protocol, settings)
        self._believe_proxies: Any = ProxyHeadersMiddleware(cast("Any", _nothing), trusted_proxies)
        self._long_polling = LongPolling(self._driver, others, self._cookie_diagnostics)
        self._websockets = WebSockets(self._driver, others)

    @property
    def protocol(self) -> BayeuxProtocol:
        """The protocol with all sessions, for metrics and tests."""
        return self._driver.protocol

    @property
    def max_body_bytes(self) -> int:
        """The largest body of a request, in bytes."""
        return self._settings.max_body_bytes

    def too_large(self, scope: Scope) -> Answer:
        """Return the 413 for a body above `max_body_bytes`; welcome pages may read it (CORS)."""
        answer = Answer(413)
        return (
            answer.plus(*cors_headers(scope))
            if is_allowed_origin(scope, self._settings)
            else answer
        )

    def serves(self, path: str) -> bool:
        """Tell whether a path belongs to this server rather than to the ASGI application."""
        return path in self._settings.base_paths or path.startswith(self._below)

    async def refusal(self, scope: Scope) -> Answer | None:
        """Return the refusal that a request gets whatever its body is; None if there is none."""
        admitted = await self._admitted(scope)
        return admitted if isinstance(admitted, Answer) else None

    async def serve(self, request: Request) -> None:
        """Answer one request now, or hold its connect until there is an event."""
        admitted = await self._admitted(request.scope)
        if isinstance(admitted, Answer):
            request.connection.answer(admitted)
        else:
            await self._long_polling.serve(admitted, request)

    def serve_again(self, connection: HttpConnection, head: bytes, body: bytes) -> bool:
        """Serve a connect whose head was admitted lately; False if `serve` has to do it."""
        return self._long_polling.serve_again(connection, head, body)

    async def admit_socket(self, connection: SocketConnection, scope: Scope) -> None:
        """Accept a websocket for its user, or refuse the upgrade with an HTTP response."""
        await self._believe_proxies(scope, None, None)
        if (refusal := self._refusal_of_place(scope)) is not None:
            await connection.refuse(refusal)
            return
        admitted = await self._authenticate(scope)
        if isinstance(admitted, Answer):
            self._cookie_diagnostics.check_socket_without_login(scope)
            await connection.refuse(admitted)
        else:
            await self._websockets.serve(admitted, connection, scope)

    def publish(
        self, user_id: str, topic: str, payload: object, *, position: int | None = None
    ) -> None:
        """Deliver to every session of a user that subscribed to `topic` (its canonical name).

        The caller publishes positions in the order of the user's journal, each after the position
        given to `publish_from`. An event without a position is not part of the journal.
        """
        self._driver.publish(user_id, topic, payload, position)

    def publish_from(self, user_id: str, position: int) -> None:
        """Declare that every event after this position of the user's journal will be published.

        Replays read the journal up to here, then switch to what is published.
        """
        self._driver.publish_from(user_id, position)

    def restart_sessions(self, user_id: str) -> None:
        """End a user's sessions after a gap in their events; the clients shake hands again."""
        self._driver.restart_sessions(self.protocol.sessions_of(user_id))

    def publish_to_all(self, topic: str, payload: object) -> None:
        """Deliver to every session of every user that subscribed to `topic`."""
        self._driver.publish_to_all(topic, payload)

    def send(self, session_id: str, channel: str, payload: object) -> None:
        """Deliver to one session on a channel; does nothing if it does not subscribe to it."""
        self._driver.send(session_id, channel, payload)

    def users(self) -> set[str]:
        """Return the ids of the users with a session or a socket in this process."""
        return {session.user_id for session in self.protocol.sessions()} | self._websockets.users()

    def revoke(self, user_id: str, keeping: Collection[str] = ()) -> None:
        """End a user's sessions and sockets, except those whose login has a proof in `keeping`.

        A waiting connect is answered with error 401 and `reconnect: none`.
        """
        self._driver.revoke(user_id, keeping)
        self._websockets.close_user(user_id, keeping)

    def login_sessions(self) -> set[str]:
        """Return the login sessions (`Login.session`) of all sessions and sockets here."""
        spoken_for = {session.login.session for session in self.protocol.sessions()}
        return (spoken_for | self._websockets.login_sessions()) - {""}

    def end_login_sessions(self, ended: Collection[str]) -> None:
        """End the sessions and sockets of these login sessions, in the way `revoke` does."""
        self._driver.end_login_sessions(ended)
        self._websockets.end_login_sessions(ended)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Remove expired sessions periodically while the block runs; then stop all own tasks."""
        try:
            async with run_periodically(self._sweep, every=self._settings.sweep_period):
                yield
        finally:
            await self._driver.stop()

    async def drain(self) -> None:
        """Answer every waiting connect, then close the sockets with 1001 (going away).

        Each answer advises a random interval up to `drain_spread`, so that the clients do not all
        return at once. Closing takes up to `drain_grace`.
        """
        self.is_stopping = True
        self._driver.release_all()
        self._long_polling.release_all()
        await self._websockets.close_all()

    async def _sweep(self) -> None:
        self._driver.sweep()

    async def _admitted(self, scope: Scope) -> Principal | Answer:
        await self._believe_proxies(scope, None, None)
        if (refusal := self._refusal(scope)) is not None:
            return refusal
        admitted = await self._authenticate(scope)
        return admitted.plus(*cors_headers(scope)) if isinstance(admitted, Answer) else admitted

    def _refusal(self, scope: Scope) -> Answer | None:
        """Return the answer to a request that needs no user; None if the user matters."""
        if (refusal := self._refusal_of_place(scope)) is not None:
            return refusal
        if scope["method"] == "OPTIONS":
            return preflight(scope, self._settings)
        if scope["method"] == "GET" and self._settings.callback_polling:
            return None if may_include(scope, self._settings) else Answer(403)
        allowed = (b"allow", b"POST, OPTIONS")
        if scope["method"] == "POST":
            return None
        return Answer(405, headers=(allowed, *cors_headers(scope)))

    def _refusal_of_place(self, scope: Scope) -> Answer | None:
        """Refuse a request for a host that is not ours (421) or from a foreign page (403)."""
        if not is_known_host(scope, self._settings):
            return Answer(421)
        if not is_allowed_origin(scope, self._settings):
            self._cookie_diagnostics.note_refusal(scope)
            return Answer(403)
        return None


async def _nothing(*_: object) -> None:
    """Do nothing as the ASGI application: only the scope that the middleware changed is needed."""
