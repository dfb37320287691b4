"""Logs why clients fail that return no cookie or whose page is refused, once for each origin."""

from collections.abc import Sequence
from typing import Final

import structlog

from shared.bayeux.messages.message import Message
from shared.bayeux.protocol.bayeux_protocol import BayeuxProtocol
from shared.bayeux.settings import BayeuxSettings
from shared.bayeux.transports.web import Scope, browser_of, header

log = structlog.get_logger(__name__)

_MAX_ORIGINS: Final = 100
"""Origins that are logged of each kind; a client could make up any number."""

_MAX_LENGTH: Final = 200
"""Characters of an origin in the log."""


class CookieDiagnostics:
    """Logs each cause with a sentence of `Remedies`."""

    def __init__(self, protocol: BayeuxProtocol, settings: BayeuxSettings) -> None:
        self._protocol = protocol
        self._settings = settings
        self._origins_without_cookie: set[str] = set()
        self._origins_without_login: set[str] = set()
        self._refused_origins: set[str] = set()

    def check_poll(self, scope: Scope, messages: Sequence[Message], user_id: str) -> None:
        """Warn if a user polls for their own session without its cookie."""
        if self._protocol.lacks_cookie(messages, user_id, browser_of(scope)):
            self._warn_once(
                self._origins_without_cookie,
                scope,
                "a client returns no cookie",
                self._remedy(scope),
            )

    def check_socket_without_login(self, upgrade: Scope) -> None:
        """Warn if a page opens a socket without any cookie, and so without a login."""
        if header(upgrade, b"cookie") is None and (origin := header(upgrade, b"origin")):
            is_foreign = _is_of_another_site(upgrade, origin)
            remedy = self._remedy(upgrade) if is_foreign else self._settings.remedies.log_in_first
            self._warn_once(
                self._origins_without_login,
                upgrade,
                "a page opens a socket without cookies",
                remedy,
            )

    def note_refusal(self, scope: Scope) -> None:
        """Warn that the page of an origin was refused."""
        self._warn_once(
            self._refused_origins, scope, "a page is refused", self._settings.remedies.not_welcome
        )

    def _warn_once(self, known: set[str], scope: Scope, event: str, remedy: str) -> None:
        origin = (header(scope, b"origin") or "")[:_MAX_LENGTH]
        if origin not in known and len(known) < _MAX_ORIGINS:
            known.add(origin)
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
    """Tell whether a page is of another site, by `Sec-Fetch-Site` or else by its origin."""
    site = header(scope, b"sec-fetch-site")
    if site is not None:
        return site == "cross-site"
    return origin.partition("://")[2] != header(scope, b"host")
