"""How uvicorn must be set up for this application."""

import gc
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from services.gateway.bayeux.http_connection import HttpConnection
from services.gateway.bayeux.server import BayeuxServer
from services.gateway.bayeux.socket_connection import SocketConnection
from services.gateway.bayeux.web import NOT_SNIFFED

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
