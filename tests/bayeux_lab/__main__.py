"""`python -m tests.bayeux_lab`: prints its address, reads events as JSON lines from a pipe or file.

Environment: PORT (0 = any); TIMEOUT_MS, INTERVAL_MS, MAX_INTERVAL_MS, SWEEP_PERIOD_MS,
DRAIN_SPREAD_MS; MAX_MESSAGE_BYTES, MAX_QUEUED_EVENTS, MAX_SUBSCRIPTIONS, MAX_SESSIONS_PER_USER,
MAX_IDLE_SOCKETS_PER_USER; ALLOWED_ORIGINS (with commas); ACK, DEFLATE and JSONP (0 or 1).
"""

import asyncio
import os
import socket
import stat
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import uvicorn
import uvloop

from shared.bayeux import collect_garbage_rarely, uvicorn_options
from tests.bayeux_lab.lab import Lab, MalformedOrderError, settings_from

_CHUNK: Final = 64 * 1024
_LAST_ANSWERS: Final = 5
"""Seconds for what is still under way when it stops."""


class DrainingServer(uvicorn.Server):
    """Releases held polls before uvicorn closes its connections."""

    def __init__(self, config: uvicorn.Config, drain: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._drain = drain

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, then stop as uvicorn does."""
        await self._drain()
        await super().shutdown(sockets)


async def publish_lines(lab: Lab) -> None:
    """Publish each line of standard input until it ends; say which cannot be, and go on."""
    rest, number = b"", 0
    async for chunk in _standard_input():
        *complete, rest = (rest + chunk).split(b"\n")
        for line in complete:
            number += 1
            _publish(lab, number, line)
        # A pipe that is always full must not keep the clients waiting.
        await asyncio.sleep(0)


def _publish(lab: Lab, number: int, line: bytes) -> None:
    try:
        lab.obey("/publish", line)
    except MalformedOrderError as error:
        sys.stderr.write(f"line {number} is not published: {error}\n")
        sys.stderr.flush()


async def _standard_input() -> AsyncIterator[bytes]:
    """Yield the lines of standard input to its end; none where it is no pipe or file."""
    mode = os.fstat(sys.stdin.fileno()).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        lines = asyncio.StreamReader(limit=2**24)
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        while chunk := await lines.read(_CHUNK):
            yield chunk
    elif stat.S_ISREG(mode):
        while chunk := await asyncio.to_thread(sys.stdin.buffer.read, _CHUNK):
            yield chunk


async def serve() -> None:
    """Run the lab until SIGTERM or SIGINT."""
    collect_garbage_rarely()
    lab = Lab(settings_from(os.environ))
    listener = socket.create_server(
        ("127.0.0.1", int(os.environ.get("PORT", "8765"))), backlog=4096
    )
    config = uvicorn.Config(
        lab,
        loop="uvloop",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        backlog=4096,
        timeout_graceful_shutdown=_LAST_ANSWERS,
        ws_per_message_deflate=os.environ.get("DEFLATE") == "1",
        **uvicorn_options(lab.bayeux),
    )
    server = DrainingServer(config, lab.bayeux.drain)
    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    async with lab.running():
        reading = asyncio.create_task(publish_lines(lab))
        await server.serve(sockets=[listener])
        reading.cancel()


if __name__ == "__main__":
    uvloop.run(serve())
