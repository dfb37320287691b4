"""Authenticates bearer tokens."""

from dataclasses import dataclass
from datetime import datetime

import structlog

from services.gateway.auth.agent_cache import AgentCache
from services.gateway.auth.tokens.access_tokens import (
    BadTokenError,
    TokenRules,
    read_head,
    verify_token,
)
from services.gateway.auth.tokens.signing_keys import SigningKeys
from shared.domain.clock import Clock
from shared.storage.agents.agent_store import StoredAgent

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class BearerAuthenticator:
    """Finds the agent of a bearer token of the configured issuer."""

    keys: SigningKeys
    rules: TokenRules
    agent_cache: AgentCache
    clock: Clock

    async def authenticate(self, token: str) -> tuple[StoredAgent, datetime] | None:
        """Return the agent and when the token ends; None where the token is refused.

        Raises:
            Unavailable: The issuer's keys or the agents cannot be read now.
        """
        try:
            keys = await self.keys.for_token(read_head(token))
            identity = verify_token(token, keys, self.rules, self.clock.now())
        except BadTokenError as error:
            log.info("bearer token refused", reason=str(error))
            return None
        account = await self.agent_cache.named(identity.user_name)
        return (account.agent, identity.ends_at) if account and account.login.enabled else None
