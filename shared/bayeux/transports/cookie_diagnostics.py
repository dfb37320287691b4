"""Says why clients get nowhere that return no cookie, or are not welcome: once for each origin."""

from collections.abc import Sequence
from typing import Final

import structlog

from shared.bayeux.messages.message import Message
from shared.bayeux.protocol.bayeux_protocol import BayeuxProtocol
from shared.bayeux.settings import BayeuxSettings
from shared.bayeux.transports.web import Scope, browser_of, header

log = structlog.get_logger(__name__)

_MOST: Final = 100
"""Origins that are named; more than that are made up."""

_LONGEST: Final = 200
"""Characters of an origin."""


class CookieDiagnostics:
    """Looks at requests that lead nowhere."""

    def __init__(self, protocol: BayeuxProtocol, settings: BayeuxSettings) -> None:
        self._protocol = protocol
        self._settings = settings
        self._named: set[str] = set()
        self._strange: set[str] = set()
        self._refused: set[str] = set()

    def look(self, scope: Scope, messages: Sequence[Message], user_id: str) -> None:
        """Say what would help, where somebody polls for their own session without its cookie."""
        if self._protocol.lacks_cookie(messages, user_id, browser_of(scope)):
            self._say(self._named, scope, "a client returns no cookie", self._remedy(scope))

    def look_at_stranger(self, upgrade: Scope) -> None:
        """Say what would help, where the socket of a page shows no login."""
        if header(upgrade, b"cookie") is None and (origin := header(upgrade, b"origin")):
            is_foreign = _is_of_another_site(upgrade, origin)
            remedy = self._remedy(upgrade) if is_foreign else self._settings.remedies.log_in_first
            self._say(self._strange, upgrade, "a page opens a socket without cookies", remedy)

    def refuse(self, scope: Scope) -> None:
        """Say that a page is not welcome."""
        self._say(self._refused, scope, "a page is refused", self._settings.remedies.not_welcome)

    def _say(self, named: set[str], scope: Scope, event: str, remedy: str) -> None:
        origin = (header(scope, b"origin") or "")[:_LONGEST]
        if origin not in named and len(named) < _MOST:
            named.add(origin)
            log.warning(event, origin=origin or None, remedy=remedy)

    def _remedy(self, scope: Scope) -> str:
        cookies, remedies = self._settings.cookies, self._settings.remedies
        origin = header(scope, b"origin")
        if origin is None:
            return remedies.not_kept
        if _is_of_another_site(scope, origin):
            if cookies.same_site != "None":
                return remedies.not_for_other_sites
            return remedies.blocked if cookies.is_partitioned else remedies.not_partitioned
        return (
            remedies.needs_https
            if cookies.secure and origin.startswith("http://")
            else remedies.not_kept
        )


def _is_of_another_site(scope: Scope, origin: str) -> bool:
    """Tell what the browser says, or what its address suggests where it says nothing."""
    site = header(scope, b"sec-fetch-site")
    if site is not None:
        return site == "cross-site"
    return origin.partition("://")[2] != header(scope, b"host")
