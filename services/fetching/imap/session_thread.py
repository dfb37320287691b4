"""Runs the blocking calls of a session in a thread of its own, each with a deadline."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, TypeVar

from services.fetching.imap import faults
from services.fetching.imap.imap_session import ImapSession

T = TypeVar("T")


class SessionThread:
    """A session, called from asyncio. A call that is late or canceled cuts the connection.

    A thread that hangs is left behind, and ends with its connection. So nobody waits for a server.
    """

    def __init__(self, session: ImapSession) -> None:
        self._session = session
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="imap")

    @property
    def session(self) -> ImapSession:
        """The session; only what it knows without asking the server may be read."""
        return self._session

    async def call(self, function: Callable[..., T], *args: Any, deadline: timedelta) -> T:
        """Return what a method of the session returns.

        Raises:
            FolderFaultError: It did not end before the deadline.
        """
        ending = asyncio.get_running_loop().run_in_executor(self._executor, function, *args)
        try:
            async with asyncio.timeout(deadline.total_seconds()):
                return await asyncio.shield(ending)
        except TimeoutError:
            self._abandon(ending)
            raise faults.too_slow(self._session.where) from None
        except asyncio.CancelledError:
            self._abandon(ending)
            raise

    async def close(self, deadline: timedelta) -> None:
        """Log out, or cut the connection if that takes too long."""
        try:
            await self.call(self._session.close, deadline=deadline)
        except faults.FolderFaultError:
            return
        finally:
            self.discard()

    def discard(self) -> None:
        """Cut the connection, and wait for nothing."""
        self._session.cut()
        self._executor.submit(self._session.close)
        self._executor.shutdown(wait=False)

    def _abandon(self, ending: "asyncio.Future[Any]") -> None:
        self._session.cut()
        # Reading the error keeps asyncio from logging it as never retrieved.
        ending.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
