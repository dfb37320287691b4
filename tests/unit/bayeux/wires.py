"""A wire without a network: what a connection writes is kept, what it reads is given to it."""

import asyncio
from typing import Any

import uvicorn
from uvicorn.server import ServerState


class FakeTransport(asyncio.Transport):
    """Remembers what was written and whether it was closed, and whether anybody reads."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.something_written = asyncio.Event()
        self.is_closed = self.is_aborted = False
        self.is_read = True
        self.protocol: asyncio.BaseProtocol | None = None

    def write(self, data: Any) -> None:
        if self.is_aborted:
            return
        self.written += bytes(data)
        self.something_written.set()

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_closed = self.is_aborted = True

    def is_closing(self) -> bool:
        return self.is_closed

    def pause_reading(self) -> None:
        self.is_read = False

    def resume_reading(self) -> None:
        self.is_read = True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("192.0.2.7", 49152), "sockname": ("192.0.2.1", 80)}.get(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def take(self) -> str:
        """Return what was written since the last time."""
        written, self.written = self.written, b""
        self.something_written.clear()
        return written.decode("latin-1")


async def whatever_is_due() -> None:
    """Let the loop do all that it can do without waiting."""
    for _ in range(10):
        await asyncio.sleep(0)


def uvicorns(application: Any, **options: Any) -> dict[str, Any]:
    """Return what uvicorn hands to a protocol."""
    config = uvicorn.Config(
        application, interface="asgi3", lifespan="off", access_log=False, log_config=None, **options
    )
    config.load()
    return {"config": config, "server_state": ServerState(), "app_state": {}}
