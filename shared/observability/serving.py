"""An ASGI application served inside a running event loop, beside whatever else runs there."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn


@asynccontextmanager
async def serving(application: Any, *, host: str, port: int, **options: Any) -> AsyncIterator[None]:
    """Serve an ASGI application in this event loop, with signals left to the caller.

    Raises:
        OSError: The port cannot be listened on.
    """
    listening = socket.create_server((host, port), backlog=2048)
    # asyncio sets it where a socket names its protocol, which those of `socket` do not; without it
    # the second write of an answer waits for the acknowledgement of the first, 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(application, access_log=False, log_config=None, **options)
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        await server.accepting.wait()
        yield
    finally:
        server.should_exit = True
        await task


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: one process, one place that hears SIGTERM."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.accepting = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.accepting.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield
