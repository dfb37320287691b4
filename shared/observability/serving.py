"""Serves an ASGI application inside a running event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn


@asynccontextmanager
async def serving(application: Any, *, host: str, port: int, **options: Any) -> AsyncIterator[None]:
    """Serve an ASGI application in this event loop; signals stay with the caller.

    Raises:
        OSError: The port is taken or not allowed.
    """
    listening = socket.create_server((host, port), backlog=2048)
    # asyncio sets TCP_NODELAY only on sockets with an explicit protocol, which this one has not.
    # Without it the second write of an answer waits 40 ms for the acknowledgement of the first.
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
    """uvicorn without its signal handlers, because `shared.runtime.process` handles SIGTERM."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.accepting = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then set `accepting`."""
        await super().startup(sockets)
        self.accepting.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no signal handlers."""
        yield
