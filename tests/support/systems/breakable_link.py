"""A TCP relay between a client and its servers that a test cuts and restores."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Self
from urllib.parse import urlsplit


class BreakableLink:
    """Listens on a port of its own and passes everything on, until it is cut.

    A connection leads to the first of the servers that takes it.
    """

    def __init__(self, targets: Sequence[str]) -> None:
        self._targets = [urlsplit(target) for target in targets]
        self._ends: set[asyncio.StreamWriter] = set()
        self._is_up = True
        self.url = ""

    @classmethod
    @asynccontextmanager
    async def opened(cls, *targets: str) -> AsyncIterator[Self]:
        """Open a link to the servers at some addresses; `url` is where clients find them."""
        link = cls(targets)
        server = await asyncio.start_server(link._connect, "localhost", 0)
        link.url = f"http://localhost:{server.sockets[0].getsockname()[1]}"
        try:
            yield link
        finally:
            server.close()
            link.cut()

    def cut(self) -> None:
        """Break every connection and let no new one through."""
        self._is_up = False
        for end in self._ends:
            end.transport.abort()

    def restore(self) -> None:
        """Let connections through again."""
        self._is_up = True

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        beyond = await self._reach() if self._is_up else None
        if beyond is None:
            writer.transport.abort()
            return
        self._ends |= {writer, beyond[1]}
        async with asyncio.TaskGroup() as both:
            both.create_task(_pass_on(reader, beyond[1]))
            both.create_task(_pass_on(beyond[0], writer))
        self._ends -= {writer, beyond[1]}

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for target in self._targets:
            with suppress(OSError):
                return await asyncio.open_connection(target.hostname, target.port)
        return None


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while read := await reader.read(65536):
            writer.write(read)
            await writer.drain()
    writer.close()
