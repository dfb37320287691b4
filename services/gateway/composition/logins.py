"""Composes the logins of agents from their parts."""

from typing import TYPE_CHECKING

from services.gateway.auth.agent_cache import AgentCache
from services.gateway.auth.authenticator import RequestAuthenticator
from services.gateway.auth.passwords.failed_login_store import FailedLoginStore
from services.gateway.auth.passwords.login_throttle import LoginThrottle
from services.gateway.auth.passwords.password_authenticator import PasswordAuthenticator
from services.gateway.auth.passwords.password_checker import PasswordChecker
from services.gateway.auth.sessions.cookie_sessions import CookieSessions
from services.gateway.auth.sessions.session_store import SessionStore
from services.gateway.settings import GatewaySettings
from shared.domain.clock import Clock
from shared.runtime.resources import Resources

if TYPE_CHECKING:
    from services.gateway.auth.tokens.bearer_authenticator import BearerAuthenticator
    from services.gateway.sign_in.pages import SignInPages


def cookie_sessions(
    settings: GatewaySettings, resources: Resources, agent_cache: AgentCache
) -> CookieSessions:
    """Return the sessions of browsers, which all pods share."""
    return CookieSessions(
        SessionStore(resources.database),
        agent_cache,
        resources.clock,
        idle=settings.session_idle,
        lifetime=settings.session_lifetime,
    )


def request_authenticator(
    settings: GatewaySettings,
    resources: Resources,
    agent_cache: AgentCache,
    sessions: CookieSessions,
    passwords: PasswordChecker,
) -> RequestAuthenticator:
    """Return the check of every login: password, session cookie, and token where one is set up."""
    clock = resources.clock
    throttle = LoginThrottle(FailedLoginStore(resources.database))
    return RequestAuthenticator(
        logins=PasswordAuthenticator(passwords, agent_cache, throttle, clock),
        sessions=sessions,
        bearers=_bearers(settings, agent_cache, clock) if settings.oidc_issuer else None,
        clock=clock,
        cookies=settings.cookies,
        checks_csrf=settings.csrf == "on",
    )


def sign_in_pages(
    settings: GatewaySettings, agent_cache: AgentCache, sessions: CookieSessions, clock: Clock
) -> "SignInPages | None":
    """Return the pages of the sign-in with the issuer; None where no client id is set."""
    if not settings.oidc_client_id:
        return None
    from services.gateway.composition import provider_logins  # noqa: PLC0415 - as in `_bearers`

    return provider_logins.sign_in_pages(settings, agent_cache, sessions, clock)


def _bearers(
    settings: GatewaySettings, agent_cache: AgentCache, clock: Clock
) -> "BearerAuthenticator":
    # All that reads keys and signatures comes with it: a tenth of the start, and eight megabytes.
    from services.gateway.composition import provider_logins  # noqa: PLC0415

    return provider_logins.bearer_authenticator(settings, agent_cache, clock)
