"""Says why clients get nowhere that return no cookie, or are not welcome: once for each origin."""

from collections.abc import Sequence
from typing import Final

import structlog

from services.gateway.bayeux.hub import Hub
from services.gateway.bayeux.settings import BayeuxSettings
from services.gateway.bayeux.web import Scope, browser_of, header
from services.gateway.bayeux.wire import Message

log = structlog.get_logger(__name__)

_MOST: Final = 100
"""Origins that are named; more than that are made up."""

_LONGEST: Final = 200
"""Characters of an origin."""

NOT_FOR_OTHER_SITES: Final = (
    "browsers show no cookie to pages of another site: set GATEWAY_COOKIE_SAME_SITE=None and "
    "GATEWAY_SECURE_COOKIES=true, and serve https"
)
NOT_PARTITIONED: Final = (
    "browsers that block third-party cookies keep none for pages of another site: set "
    "GATEWAY_COOKIE_PARTITIONED=true"
)
BLOCKED: Final = (
    "the browser keeps no cookies for this page: GATEWAY_TRUST_CLIENT_ID=true lets it poll without"
)
NEEDS_HTTPS: Final = (
    "with GATEWAY_SECURE_COOKIES=true browsers return cookies over https only: serve https"
)
NOT_KEPT: Final = (
    "the client has to return the cookie BAYEUX_BROWSER of its handshake; "
    "GATEWAY_TRUST_CLIENT_ID=true lets it poll without"
)
LOG_IN_FIRST: Final = (
    "a page's socket shows its login by cookie only: log in by a request that includes credentials"
)
NOT_WELCOME: Final = (
    "pages of this origin are refused: add it to GATEWAY_ALLOWED_ORIGINS if they are a desktop"
)


class LostCookies:
    """Looks at requests that lead nowhere."""

    def __init__(self, hub: Hub, settings: BayeuxSettings) -> None:
        self._hub = hub
        self._settings = settings
        self._named: set[str] = set()
        self._strange: set[str] = set()
        self._refused: set[str] = set()

    def look(self, scope: Scope, messages: Sequence[Message], user_id: str) -> None:
        """Say what would help, where somebody polls for their own session without its cookie."""
        if self._hub.lacks_cookie(messages, user_id, browser_of(scope)):
            self._say(self._named, scope, "a client returns no cookie", self._remedy(scope))

    def look_at_stranger(self, upgrade: Scope) -> None:
        """Say what would help, where the socket of a page shows no login."""
        if header(upgrade, b"cookie") is None and (origin := header(upgrade, b"origin")):
            is_foreign = _is_of_another_site(upgrade, origin)
            remedy = self._remedy(upgrade) if is_foreign else LOG_IN_FIRST
            self._say(self._strange, upgrade, "a page opens a socket without cookies", remedy)

    def refuse(self, scope: Scope) -> None:
        """Say that a page is not welcome."""
        self._say(self._refused, scope, "a page is refused", NOT_WELCOME)

    def _say(self, named: set[str], scope: Scope, event: str, remedy: str) -> None:
        origin = (header(scope, b"origin") or "")[:_LONGEST]
        if origin not in named and len(named) < _MOST:
            named.add(origin)
            log.warning(event, origin=origin or None, remedy=remedy)

    def _remedy(self, scope: Scope) -> str:
        cookies, origin = self._settings.cookies, header(scope, b"origin")
        if origin is None:
            return NOT_KEPT
        if _is_of_another_site(scope, origin):
            if cookies.same_site != "None":
                return NOT_FOR_OTHER_SITES
            return BLOCKED if cookies.is_partitioned else NOT_PARTITIONED
        return NEEDS_HTTPS if cookies.secure and origin.startswith("http://") else NOT_KEPT


def _is_of_another_site(scope: Scope, origin: str) -> bool:
    """Tell what the browser says, or what its address suggests where it says nothing."""
    site = header(scope, b"sec-fetch-site")
    if site is not None:
        return site == "cross-site"
    return origin.partition("://")[2] != header(scope, b"host")
