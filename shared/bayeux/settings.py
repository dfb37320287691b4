"""Settings of the Bayeux server with their defaults."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from shared.bayeux.cookies import CookiePolicy
from shared.bayeux.remedies import Remedies

BASE_PATHS: Final = ("/cometd", "/genesys/cometd", "/api/v2/notifications")


@dataclass(frozen=True, slots=True)
class BayeuxSettings:
    """Times, limits, origins and extensions."""

    timeout: timedelta = timedelta(seconds=30)
    """How long a connect waits for an event at most; a client may ask for less."""

    interval: timedelta = timedelta(0)
    """How long clients wait between two connects, unless they ask for another interval."""

    max_interval: timedelta = timedelta(seconds=40)
    """How long a session lives without a message, beyond its interval."""

    first_interval: timedelta = timedelta(seconds=20)
    """How long a session lives without a message after its handshake."""

    introduction: timedelta = timedelta(seconds=5)
    """How long a request with subscriptions waits at most for `Listener.on_subscribed`."""

    sweep_period: timedelta = timedelta(seconds=1)
    """How often expired sessions are removed."""

    drain_spread: timedelta = timedelta(seconds=5)
    """The longest interval that a stopping server advises; each client gets a random one."""

    drain_grace: timedelta = timedelta(seconds=3)
    """How long a stopping server waits for its sockets to close."""

    multi_session_interval: timedelta = timedelta(seconds=2)
    """The interval of further tabs of a browser; 0 refuses their connects."""

    max_held_per_browser: int = 1
    """Polls of one browser that are held at the same time; below 0 there is no limit."""

    max_sessions: int = 20_000
    """Sessions of this process."""

    max_sessions_per_user: int = 64
    """Sessions of a user that have sent a message since their handshake."""

    max_unheard_per_user: int = 16
    """Sessions of a user without a message since their handshake."""

    max_subscriptions: int = 64
    """Subscriptions of a session."""

    max_channel_length: int = 256
    """Characters."""

    max_queued_events: int = 1000
    """Events that wait in a session, unconfirmed ones included."""

    max_queued_bytes: int = 4 * 1024 * 1024
    """Bytes of the events that wait in a session, unconfirmed ones included."""

    max_frame_bytes: int = 256 * 1024
    """Bytes of events in one answer or frame; a single larger event is sent by itself."""

    max_body_bytes: int = 64 * 1024
    """Bytes of a request's body or of a websocket message."""

    max_batch: int = 64
    """Messages in one request."""

    max_depth: int = 32
    """Levels of nesting in a request's JSON."""

    max_idle_sockets_per_user: int = 16
    """Sockets of a user without a session; beyond that the oldest are closed."""

    acknowledgements: bool = True
    """Whether the extension `ack` is offered."""

    callback_polling: bool = False
    """Whether GET requests of callback polling (JSONP) are served."""

    replay: bool = True
    """Whether the extension `replay` is offered; it needs a `Listener` with a journal."""

    timestamps: bool = False
    """Whether messages carry `timestamp`."""

    duplicate_connect_status: int = 500
    """The HTTP status for a waiting connect that a newer one of its session replaces."""

    cookies: CookiePolicy = field(default_factory=CookiePolicy)
    trusts_client_id: bool = False
    """Whether a poll without a browser cookie is accepted by its session id and login alone."""

    allowed_origins: AbstractSet[str] = frozenset()
    """Origins of other sites whose pages are served, as browsers write them in `Origin`."""

    public_origin: str = ""
    """The origin of the server's own pages; if empty, scheme and Host of each request."""

    known_hosts: AbstractSet[str] = frozenset()
    """Accepted names in Host besides loopback names; checked only with a `public_origin`."""

    allowed_headers: tuple[str, ...] = (
        "Content-Type",
        "Accept",
        "Authorization",
        "X-Requested-With",
    )
    """Request headers that pages of other origins may set (CORS)."""

    base_paths: tuple[str, ...] = BASE_PATHS
    """Paths that are served, with all paths below them."""

    remedies: Remedies = field(default_factory=Remedies)
    """The advice that the log gives about clients that cannot connect."""
