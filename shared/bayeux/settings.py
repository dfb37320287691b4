"""What an operator may decide about the Bayeux server."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from shared.bayeux.cookies import CookiePolicy
from shared.bayeux.remedies import Remedies

BASE_PATHS: Final = ("/cometd", "/genesys/cometd", "/api/v2/notifications")


@dataclass(frozen=True, slots=True)
class BayeuxSettings:
    """Times, limits and origins; every limit is per session unless it says otherwise."""

    timeout: timedelta = timedelta(seconds=30)
    interval: timedelta = timedelta(0)
    max_interval: timedelta = timedelta(seconds=40)
    first_interval: timedelta = timedelta(seconds=20)
    """How long a client may say nothing after its handshake."""

    introduction: timedelta = timedelta(seconds=5)
    """How long subscribers wait for their events to be sure to come, all of a request together."""

    sweep_period: timedelta = timedelta(seconds=1)
    drain_spread: timedelta = timedelta(seconds=5)
    drain_grace: timedelta = timedelta(seconds=3)
    multi_session_interval: timedelta = timedelta(seconds=2)

    max_held_per_browser: int = 1
    max_sessions: int = 20_000
    """In all, of one process."""

    max_sessions_per_user: int = 64
    max_unheard_per_user: int = 16
    """Sessions of which nothing was heard since their handshake."""

    max_subscriptions: int = 64
    max_channel_length: int = 256
    max_queued_events: int = 1000
    max_queued_bytes: int = 4 * 1024 * 1024
    max_frame_bytes: int = 256 * 1024
    max_body_bytes: int = 64 * 1024
    max_batch: int = 64
    max_depth: int = 32

    max_idle_sockets_per_user: int = 16
    acknowledgements: bool = True
    callback_polling: bool = False
    replay: bool = True
    timestamps: bool = False
    duplicate_connect_status: int = 500
    cookies: CookiePolicy = field(default_factory=CookiePolicy)
    trusts_client_id: bool = False
    """Whether the id of a session and the login of its user are enough, where no cookie comes."""

    allowed_origins: AbstractSet[str] = frozenset()
    public_origin: str = ""
    """Where the server's own pages are; without it that is wherever a request says that it went."""

    known_hosts: AbstractSet[str] = frozenset()
    """What the server is called besides loopback names, where its public origin is known."""

    allowed_headers: tuple[str, ...] = (
        "Content-Type",
        "Accept",
        "Authorization",
        "X-Requested-With",
    )
    """What pages of other origins may send beside what browsers let every page send (CORS)."""

    base_paths: tuple[str, ...] = BASE_PATHS
    remedies: Remedies = field(default_factory=Remedies)
    """What the log advises where a client gets nowhere."""
