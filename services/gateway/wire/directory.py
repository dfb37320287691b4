"""Queues, skills and contacts as resources."""

from collections.abc import Iterable

from services.gateway.wire.mail import Fields
from services.gateway.wire.users import user
from shared.contracts.contact_center import ContactCenter, Queue
from shared.storage.agents import StoredAgent


def queue(one: Queue, root: str) -> Fields:
    """Return a business queue; its name is also its id."""
    return {
        "id": one.name,
        "name": one.name,
        "description": one.description,
        "channel": "email",
        "uri": f"{root}/queues/{one.name}",
        "path": f"/queues/{one.name}",
    }


def skills(agents: Iterable[StoredAgent], center: ContactCenter, root: str) -> list[Fields]:
    """Return every skill that an agent has or a queue asks for, by name."""
    names = {name for agent in agents for name in agent.skills}
    names |= {name for one in center.queues for name in one.requires}
    return [
        {"id": name, "name": name, "uri": f"{root}/skills/{name}", "path": f"/skills/{name}"}
        for name in sorted(names)
    ]


def contacts(agents: Iterable[StoredAgent], center: ContactCenter, root: str) -> list[Fields]:
    """Return whom mail can be given to: agents who may log in, and queues."""
    people = [
        user(one, center.name, root) | {"contactType": "User"} for one in agents if one.enabled
    ]
    return people + [queue(one, root) | {"contactType": "Queue"} for one in center.queues]
