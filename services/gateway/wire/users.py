"""Agents as resources."""

from typing import Final

from services.gateway.wire.mail import Fields
from shared.storage.agents import StoredAgent

AGENT: Final = "Agent"
ADMIN: Final = "Contact Center Admin"
_ROLES: Final = {AGENT: "ROLE_AGENT", ADMIN: "ROLE_ADMIN"}


def user(agent: StoredAgent, contact_center: str, root: str) -> Fields:
    """Return an agent as others know them; `root` is where the API's addresses begin."""
    path = f"/users/{agent.id}"
    return {
        "id": agent.id,
        "userName": agent.user_name,
        "firstName": agent.first_name,
        "lastName": agent.last_name,
        "emailAddress": agent.email_address,
        "roles": [_ROLES[role] for role in agent.roles if role in _ROLES],
        "enabled": agent.enabled,
        "changePasswordOnFirstLogin": False,
        "contactCenterId": contact_center,
        "uri": f"{root}{path}",
        "path": path,
    }
