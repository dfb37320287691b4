"""The definitions file that a broker loads at each start, before any client connects."""

import base64
import hashlib
import json
import secrets
from collections.abc import Sequence
from typing import Any, Final

from services.console.accounts import MONITORING, OPERATOR, Account
from shared.messaging import topology
from shared.messaging.permissions import ALL, NONE, Permission, TopicPermission
from shared.runtime.rights import RIGHTS

HASHING: Final = "rabbit_password_hashing_sha256"
# RabbitMQ's format of hashes has a salt of this length.
_SALT_BYTES: Final = 4
_TAGS: Final = {OPERATOR: "administrator", MONITORING: "monitoring"}


def definitions(accounts: Sequence[Account], virtual_host: str = "/") -> str:
    """Return the definitions: virtual host, users, permissions, exchanges and policies.

    Queues are not included: each service declares its own. A broker that loads definitions creates
    no default user, so a new one without accounts accepts no login.
    """
    here = {"vhost": virtual_host}
    content: dict[str, list[dict[str, Any]]] = {
        "vhosts": [{"name": virtual_host}],
        "users": [{"name": one.name, **user(one)} for one in accounts],
        "permissions": [
            {**here, "user": one.name, **as_fields(permission(one))} for one in accounts
        ],
        "topic_permissions": [
            {**here, "user": one.name, "exchange": topic.exchange, **as_fields(topic)}
            for one in accounts
            for topic in topics(one)
        ],
        "exchanges": [
            {
                **here,
                "name": name,
                "type": kind,
                "durable": True,
                "auto_delete": False,
                "internal": False,
                "arguments": {},
            }
            for name, kind in topology.all_exchanges().items()
        ],
        "policies": [
            {**here, "name": name, **policy} for name, policy in topology.policies().items()
        ],
    }
    return json.dumps(content, indent=2) + "\n"


def user(account: Account) -> dict[str, str]:
    """Return a user with the salted hash of its password, never the password."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return {
        "password_hash": _hashed(account.password, salt),
        "hashing_algorithm": HASHING,
        "tags": _TAGS.get(account.owner, ""),
    }


def is_hash_of(password: str, hashed: str) -> bool:
    """Say whether a hash in the broker's format is that of the password."""
    salt = base64.b64decode(hashed)[:_SALT_BYTES]
    return secrets.compare_digest(_hashed(password, salt), hashed)


def permission(account: Account) -> Permission:
    """Return what a user may configure, write to and read from."""
    if rights := RIGHTS.get(account.owner):
        return rights.broker.permission
    return ALL if account.owner == OPERATOR else NONE


def topics(account: Account) -> tuple[TopicPermission, ...]:
    """Return a user's topic permissions, one for each restricted exchange."""
    rights = RIGHTS.get(account.owner)
    return rights.broker.topics if rights else ()


def as_fields(one: Permission | TopicPermission) -> dict[str, str]:
    """Return the regular expressions under the broker's field names."""
    fields = {"write": one.write, "read": one.read}
    return fields if isinstance(one, TopicPermission) else {"configure": one.configure, **fields}


def _hashed(password: str, salt: bytes) -> str:
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
