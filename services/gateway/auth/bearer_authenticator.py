"""From a bearer token to the agent whose user name it carries."""

from dataclasses import dataclass
from datetime import datetime

import structlog

from services.gateway.auth.access_tokens import BadTokenError, TokenRules, read_head, verified
from services.gateway.auth.agent_cache import AgentCache
from services.gateway.auth.signing_keys import SigningKeys
from shared.domain.clock import Clock
from shared.storage.agents.agent_store import StoredAgent

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class BearerAuthenticator:
    """Recognises the agents of one issuer."""

    keys: SigningKeys
    rules: TokenRules
    agent_cache: AgentCache
    clock: Clock

    async def recognise(self, token: str) -> tuple[StoredAgent, datetime] | None:
        """Return whose token it is and when it ends; None where it is not believed.

        Raises:
            Unavailable: The issuer's keys or the agents cannot be read now.
        """
        try:
            keys = await self.keys.for_token(read_head(token))
            identity = verified(token, keys, self.rules, self.clock.now())
        except BadTokenError as error:
            log.info("bearer token refused", reason=str(error))
            return None
        member = await self.agent_cache.named(identity.user_name)
        return (member.agent, identity.ends_at) if member and member.login.enabled else None
