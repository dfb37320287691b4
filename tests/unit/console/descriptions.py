"""Descriptions that the console's tests are about."""

from shared.contracts.contact_center import ContactCenter

HASH = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo"


def center(**changes: object) -> ContactCenter:
    """Return a small contact center, with some sections different."""
    sections: dict[str, object] = {
        "name": "demo",
        "queues": [{"name": "support"}, {"name": "sales"}],
        "mailboxes": [{"address": "support@demo.example", "queue": "support"}],
        "agents": [agent("agent1")],
    }
    return ContactCenter.model_validate(sections | changes)


def agent(user_name: str, **changes: object) -> dict[str, object]:
    """Return an agent of the support queue, with some fields different."""
    fields: dict[str, object] = {
        "user_name": user_name,
        "password_hash": HASH,
        "queues": ["support"],
        "capacity": 3,
    }
    return fields | changes
