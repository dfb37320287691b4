"""Ends CometD sessions that were opened by cookie when their cookie session ends."""

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Final

from services.gateway.auth.sessions.cookie_sessions import CookieSessions
from shared.background_tasks import run_periodically
from shared.bayeux import BayeuxServer

# A client may receive events for this long after its session has ended elsewhere.
_EVERY: Final = timedelta(seconds=2)


class SessionWatcher:
    """Checks every two seconds the cookie sessions behind the CometD sessions of this pod.

    An open CometD session counts as use of its cookie session, which is prolonged.
    """

    def __init__(self, sessions: CookieSessions, bayeux: BayeuxServer) -> None:
        self._sessions = sessions
        self._bayeux = bayeux

    def running(self, *, every: timedelta = _EVERY) -> AbstractAsyncContextManager[None]:
        """Check for as long as the context lasts; a check that fails does not stop the next."""
        return run_periodically(self.check, every=every)

    async def check(self) -> None:
        """End CometD sessions whose cookie session has ended, in this or another pod.

        Raises:
            Unavailable: The sessions cannot be read now.
        """
        if keys := self._bayeux.login_sessions():
            self._bayeux.end_login_sessions(await self._sessions.find_ended(keys))
