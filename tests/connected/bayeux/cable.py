"""A network between a client and a server that can be cut and mended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Self
from urllib.parse import urlsplit


class Cable:
    """Listens on a port of its own and passes everything on, while it is whole."""

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self._ends: set[asyncio.StreamWriter] = set()
        self._is_whole = True
        self.url = ""

    @classmethod
    @asynccontextmanager
    async def laid(cls, target: str) -> AsyncIterator[Self]:
        """Lay a cable to the server at an address; `url` is where clients find it."""
        cable = cls(target)
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
        if not self._is_whole:
            writer.transport.abort()
            return
        with suppress(OSError):
            beyond = await asyncio.open_connection(self._target.hostname, self._target.port)
            self._ends |= {writer, beyond[1]}
            async with asyncio.TaskGroup() as both:
                both.create_task(_pass_on(reader, beyond[1]))
                both.create_task(_pass_on(beyond[0], writer))
            self._ends -= {writer, beyond[1]}


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while read := await reader.read(65536):
            writer.write(read)
            await writer.drain()
    writer.close()
