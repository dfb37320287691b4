"""Transports and loops in memory, for connections without a network."""

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
        self.is_closed = self.is_aborted = self.is_eof_written = False
        self.is_read = True
        self.protocol: asyncio.BaseProtocol | None = None

    @property
    def is_ended(self) -> bool:
        """Whether the client can tell that nothing more comes."""
        return self.is_closed or self.is_eof_written

    def write(self, data: Any) -> None:
        if self.is_eof_written:
            raise RuntimeError("written after the end")
        if self.is_aborted:
            return
        self.written += bytes(data)
        self.something_written.set()

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.is_eof_written = True

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

    def get_protocol(self) -> asyncio.BaseProtocol:
        assert self.protocol is not None
        return self.protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def take(self) -> str:
        """Return what was written since the last time."""
        written, self.written = self.written, b""
        self.something_written.clear()
        return written.decode("latin-1")


async def run_due_callbacks() -> None:
    """Let the loop do all that it can do without waiting."""
    for _ in range(10):
        await asyncio.sleep(0)


def uvicorn_arguments(application: Any, *, _loop: Any = None, **options: Any) -> dict[str, Any]:
    """Return what uvicorn hands to a protocol."""
    config = uvicorn.Config(
        application, interface="asgi3", lifespan="off", access_log=False, log_config=None, **options
    )
    config.load()
    return {"config": config, "server_state": ServerState(), "app_state": {}, "_loop": _loop}


class MovableLoop:
    """The running loop with a clock that stands still until it is moved."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._now = 0.0
        self._timers: list[asyncio.TimerHandle] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    @property
    def waiting(self) -> int:
        """How many timers will do something."""
        return sum(not timer.cancelled() for timer in self._timers)

    def time(self) -> float:
        return self._now

    def call_later(self, delay: float, callback: Any, *arguments: Any) -> asyncio.TimerHandle:
        due = self._now + delay
        timer = asyncio.TimerHandle(due, callback, arguments, self._loop)
        self._timers.append(timer)
        return timer

    def move(self, seconds: float) -> None:
        """Let time pass, and do what becomes due, in order."""
        until = self._now + seconds
        while due := [one for one in self._timers if one.when() <= until]:
            first = min(due, key=asyncio.TimerHandle.when)
            self._timers.remove(first)
            self._now = first.when()
            if not first.cancelled():
                first._run()
        self._now = until
