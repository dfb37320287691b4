"""How uvicorn must be set up for this application."""

import gc
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from shared.bayeux.server import BayeuxServer
from shared.bayeux.transports.http_connection import HttpConnection
from shared.bayeux.transports.web import NOT_SNIFFED
from shared.bayeux.transports.websocket_connection import SocketConnection

_MAX_FRAME_BYTES: Final = 1024 * 1024
_KEPT_IDLE: Final = 75
"""Seconds: longer than balancers keep connections (nginx 60), so that it is they who end them."""


def uvicorn_options(bayeux: BayeuxServer) -> Mapping[str, Any]:
    """Return what uvicorn must be told to have `bayeux` beside the application that it serves."""
    return {
        "http": partial(HttpConnection, bayeux=bayeux),
        "ws": partial(SocketConnection, bayeux=bayeux),
        "ws_max_size": _MAX_FRAME_BYTES,
        "timeout_keep_alive": _KEPT_IDLE,
        "lifespan": "off",
        "headers": [(name.decode(), value.decode()) for name, value in (NOT_SNIFFED,)],
    }


def collect_garbage_rarely() -> None:
    """Look for cycles seldom: a thousand waiting clients are a hundred thousand live objects."""
    gc.set_threshold(20_000, 20, 50)
