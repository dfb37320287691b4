"""Agents as JSON, and the translation of filters into queries."""

from collections.abc import Mapping
from typing import Final

from services.gateway.operations.rules import ADMIN, AGENT
from services.gateway.wire.fields import Fields
from shared.storage.agents.agent_store import StoredAgent

ROLES: Final = {AGENT: "ROLE_AGENT", ADMIN: "ROLE_ADMIN"}
_USERS: Final = "/users/"
_BOOLEANS: Final = {"true": True, "false": False}
_STORED: Final = {
    "id": "_id",
    "userName": "user_name",
    "firstName": "first_name",
    "lastName": "last_name",
    "emailAddress": "email_address",
}
"""Fields of a user that are stored unchanged, with their stored names."""


def user(agent: StoredAgent, contact_center: str, root: str) -> Fields:
    """Return an agent as JSON; `root` is the URL of the API."""
    path = f"{_USERS}{agent.id}"
    return {
        "id": agent.id,
        "userName": agent.user_name,
        "firstName": agent.first_name,
        "lastName": agent.last_name,
        "emailAddress": agent.email_address,
        "roles": [ROLES[role] for role in agent.roles if role in ROLES],
        "enabled": agent.enabled,
        "changePasswordOnFirstLogin": False,
        "contactCenterId": contact_center,
        "uri": f"{root}{path}",
        "path": path,
    }


def stored_filter(
    filters: Mapping[str, str], contact_center: str, root: str
) -> dict[str, object] | None:
    """Return a database query for users with these field values; None where none can match."""
    same_for_all = {"changePasswordOnFirstLogin": "false", "contactCenterId": contact_center}
    wanted: list[dict[str, object]] = []
    for name, value in filters.items():
        if name in same_for_all and same_for_all[name] == value:
            continue
        condition = _condition(name, value, root)
        if condition is None:
            return None
        wanted.append(condition)
    return {"$and": wanted} if wanted else {}


def _condition(name: str, value: str, root: str) -> dict[str, object] | None:
    start = {"uri": f"{root}{_USERS}", "path": _USERS}.get(name, "")
    if name in _STORED:
        return {_STORED[name]: value}
    if start and value.startswith(start):
        return {"_id": value.removeprefix(start)}
    if name == "enabled" and value in _BOOLEANS:
        return {"enabled": _BOOLEANS[value]}
    if name == "roles":
        shown = value.split(",") if value else []
        stored = [role for one in shown for role in ROLES if ROLES[role] == one]
        return {"roles": stored} if len(stored) == len(shown) else None
    return None
