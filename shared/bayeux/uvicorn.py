"""The options with which uvicorn serves a `BayeuxServer` beside an ASGI application."""

import gc
from collections.abc import Mapping
from functools import partial
from typing import Any, Final, Protocol

from shared.bayeux.transports.http.http_connection import HttpConnection, PollServer
from shared.bayeux.transports.web import NOT_SNIFFED
from shared.bayeux.transports.websocket_connection import SocketConnection, SocketServer
from shared.peers.open_connections import OpenConnections

# Far above `max_body_bytes`: the server closes with 1009 itself, and in order, below this.
_MAX_FRAME_BYTES: Final = 1024 * 1024
_KEEP_ALIVE_SECONDS: Final = 75
"""Longer than balancers keep idle connections (nginx: 60 s), so that the balancer closes first.

If the server closed first, a request could be lost on its way to the closed connection.
"""


class _Server(PollServer, SocketServer, Protocol):
    """A server of both transports, such as `BayeuxServer`."""


def uvicorn_options(
    bayeux: _Server, connections: OpenConnections | None = None
) -> Mapping[str, Any]:
    """Return the keyword arguments for `uvicorn.Config`; `connections` limits how many there are.

    The clock of `connections` has to be that of the event loop.
    """
    return {
        "http": partial(HttpConnection, bayeux=bayeux, connections=connections),
        "ws": partial(SocketConnection, bayeux=bayeux, connections=connections),
        "ws_max_size": _MAX_FRAME_BYTES,
        "timeout_keep_alive": _KEEP_ALIVE_SECONDS,
        "lifespan": "off",
        "headers": [(name.decode(), value.decode()) for name, value in (NOT_SNIFFED,)],
    }


def collect_garbage_rarely() -> None:
    """Raise the thresholds of the garbage collector for the whole process.

    A thousand waiting clients are about a hundred thousand live objects, which each full collection
    would walk through.
    """
    gc.set_threshold(20_000, 20, 50)
