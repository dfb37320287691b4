"""Composes the logins of agents from their parts."""

from services.gateway.auth.agent_cache import AgentCache
from services.gateway.auth.authenticator import RequestAuthenticator
from services.gateway.auth.passwords.failed_login_store import FailedLoginStore
from services.gateway.auth.passwords.login_throttle import LoginThrottle
from services.gateway.auth.passwords.password_authenticator import PasswordAuthenticator
from services.gateway.auth.passwords.password_checker import PasswordChecker
from services.gateway.auth.sessions.cookie_sessions import CookieSessions
from services.gateway.auth.sessions.session_store import SessionStore
from services.gateway.auth.tokens.access_tokens import TokenRules
from services.gateway.auth.tokens.bearer_authenticator import BearerAuthenticator
from services.gateway.auth.tokens.signing_keys import SigningKeys, from_address, from_file
from services.gateway.settings import GatewaySettings
from services.gateway.sign_in.pages import CALLBACK, SignInPages
from services.gateway.sign_in.provider import Provider, SignInClient
from shared.domain.clock import Clock
from shared.oauth.token_client import post
from shared.runtime.resources import Resources


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
) -> SignInPages | None:
    """Return the pages of the sign-in with the issuer; None where no client id is set."""
    if not settings.oidc_client_id:
        return None
    client = SignInClient(
        settings.oidc_issuer,
        settings.oidc_client_id,
        f"{settings.public_url.rstrip('/')}{CALLBACK}",
        settings.oidc_client_secret,
    )
    return SignInPages(
        provider=Provider(client, post),
        keys=_signing_keys(settings),
        rules=TokenRules(
            settings.oidc_issuer, settings.oidc_client_id, user_claim=settings.oidc_user_claim
        ),
        agent_cache=agent_cache,
        sessions=sessions,
        cookies=settings.cookies,
        clock=clock,
    )


def _bearers(
    settings: GatewaySettings, agent_cache: AgentCache, clock: Clock
) -> BearerAuthenticator:
    rules = TokenRules(
        settings.oidc_issuer,
        settings.oidc_audience,
        user_claim=settings.oidc_user_claim,
        clients=settings.oidc_clients,
    )
    return BearerAuthenticator(_signing_keys(settings), rules, agent_cache, clock)


def _signing_keys(settings: GatewaySettings) -> SigningKeys:
    file = settings.oidc_jwks_file
    return SigningKeys(from_file(file) if file else from_address(settings.oidc_jwks_url))
