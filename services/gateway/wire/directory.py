"""Queues, skills and contacts as JSON."""

from typing import Final

from services.gateway.wire.fields import Fields
from services.gateway.wire.users import user
from shared.contracts.contact_center import ContactCenter, Queue
from shared.storage.agents.agent_store import StoredAgent

CONTACT_USER: Final = "User"


def queue(one: Queue, root: str) -> Fields:
    """Return a queue; its name is also its id."""
    return {
        "id": one.name,
        "name": one.name,
        "description": one.description,
        "channel": "email",
        "uri": f"{root}/queues/{one.name}",
        "path": f"/queues/{one.name}",
    }


def skill(name: str, root: str) -> Fields:
    """Return a skill; its name is also its id."""
    return {"id": name, "name": name, "uri": f"{root}/skills/{name}", "path": f"/skills/{name}"}


def contact_user(agent: StoredAgent, center: ContactCenter, root: str) -> Fields:
    """Return an agent as a target for Transfer."""
    return user(agent, center.name, root) | {"contactType": CONTACT_USER}


def contact_queue(one: Queue, root: str) -> Fields:
    """Return a queue as a target for Transfer."""
    return queue(one, root) | {"contactType": "Queue"}
