"""A network between a client and its servers that can be cut and mended."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Self
from urllib.parse import urlsplit


class Cable:
    """Listens on a port of its own and passes everything on, while it is whole.

    A connection leads to the first of the servers that takes it.
    """

    def __init__(self, targets: Sequence[str]) -> None:
        self._targets = [urlsplit(target) for target in targets]
        self._ends: set[asyncio.StreamWriter] = set()
        self._is_whole = True
        self.url = ""

    @classmethod
    @asynccontextmanager
    async def laid(cls, *targets: str) -> AsyncIterator[Self]:
        """Lay a cable to the servers at some addresses; `url` is where clients find them."""
        cable = cls(targets)
        server = await asyncio.start_server(cable._connect, "localhost", 0)
        cable.url = f"http://localhost:{server.sockets[0].getsockname()[1]}"
        try:
            yield cable
        finally:
            server.close()
            cable.cut()

    def cut(self) -> None:
        """Break every connection and let no new one through."""
        self._is_whole = False
        for end in self._ends:
            end.transport.abort()

    def mend(self) -> None:
        """Let connections through again."""
        self._is_whole = True

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        beyond = await self._reach() if self._is_whole else None
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
