"""Ends what was opened by cookie when its session ends, and keeps sessions that listen."""

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Final

from services.gateway.auth.cookie_sessions import CookieSessions
from shared.background_tasks import run_periodically
from shared.bayeux import BayeuxServer

_EVERY: Final = timedelta(seconds=2)


class SessionWatcher:
    """Looks every two seconds at the sessions by whose cookies something is open in this pod."""

    def __init__(self, sessions: CookieSessions, bayeux: BayeuxServer) -> None:
        self._sessions = sessions
        self._bayeux = bayeux

    def keeping(self, *, every: timedelta = _EVERY) -> AbstractAsyncContextManager[None]:
        """Watch for as long as the context lasts, whatever goes wrong with one look."""
        return run_periodically(self.look, every=every)

    async def look(self) -> None:
        """End what is open by a session that has ended, here or in another pod.

        Raises:
            Unavailable: The sessions cannot be read now.
        """
        if keys := self._bayeux.login_sessions():
            self._bayeux.end_login_sessions(await self._sessions.ended(keys))
