"""Composes the logins at an OpenID provider from their parts; imported where one is set up."""

from services.gateway.auth.agent_cache import AgentCache
from services.gateway.auth.sessions.cookie_sessions import CookieSessions
from services.gateway.auth.tokens.access_tokens import TokenRules
from services.gateway.auth.tokens.bearer_authenticator import BearerAuthenticator
from services.gateway.auth.tokens.signing_keys import SigningKeys, from_address, from_file
from services.gateway.settings import GatewaySettings
from services.gateway.sign_in.pages import CALLBACK, SignInPages
from services.gateway.sign_in.provider import Provider, SignInClient
from shared.domain.clock import Clock
from shared.oauth.token_client import post


def sign_in_pages(
    settings: GatewaySettings, agent_cache: AgentCache, sessions: CookieSessions, clock: Clock
) -> SignInPages:
    """Return the pages of the sign-in with the issuer."""
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


def bearer_authenticator(
    settings: GatewaySettings, agent_cache: AgentCache, clock: Clock
) -> BearerAuthenticator:
    """Return the check of access tokens of the issuer."""
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
