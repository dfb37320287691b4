"""How uvicorn must be set up for this application, and stopped without cutting clients off."""

import gc
import socket
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

import uvicorn

from services.gateway.bayeux.http_connection import HttpConnection
from services.gateway.bayeux.server import BayeuxServer
from services.gateway.bayeux.socket_connection import SocketConnection

_MAX_FRAME_BYTES: Final = 1024 * 1024


def uvicorn_options(bayeux: BayeuxServer) -> Mapping[str, Any]:
    """Return what uvicorn must be told to have `bayeux` beside the application that it serves."""
    return {
        "http": partial(HttpConnection, bayeux=bayeux),
        "ws": partial(SocketConnection, bayeux=bayeux),
        "ws_max_size": _MAX_FRAME_BYTES,
        "lifespan": "off",
    }


def collect_garbage_rarely() -> None:
    """Look for cycles seldom: a thousand waiting clients are a hundred thousand live objects."""
    gc.set_threshold(20_000, 20, 50)


class DrainingServer(uvicorn.Server):
    """Releases what is held before uvicorn closes its connections."""

    def __init__(self, config: uvicorn.Config, drain: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._drain = drain

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, then stop as uvicorn does."""
        await self._drain()
        await super().shutdown(sockets)
