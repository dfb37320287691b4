"""Creates and updates the broker's users and permissions, where no definitions are loaded."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.console.accounts import Account
from services.console.broker.definitions import as_fields, is_hash_of, permission, topics, user
from services.console.broker.management_api import ManagementApi


async def put_broker_users(api: ManagementApi, accounts: Sequence[Account]) -> list[str]:
    """Set each user as the table of rights says; return one line for each that differed.

    Raises:
        NotPossibleError: The management API refuses or does not answer.
    """
    users, permissions, narrowed = (
        await api.users(),
        await api.permissions(),
        await api.topic_permissions(),
    )
    lines = []
    for account in accounts:
        is_known = account.name in users
        changes = [
            await _put_user(api, account, users.get(account.name)),
            await _put_permission(api, account, permissions.get(account.name)),
            await _put_topics(api, account, narrowed.get(account.name, {})),
        ]
        if any(changes):
            lines.append(f"broker user {account.name}: {'changed' if is_known else 'added'}")
    return lines


async def _put_user(api: ManagementApi, account: Account, found: Mapping[str, Any] | None) -> bool:
    wanted = user(account)
    if found is not None and _is_right(found, account, wanted["tags"]):
        return False
    await api.put_user(account.name, wanted)
    return True


def _is_right(found: Mapping[str, Any], account: Account, tags: str) -> bool:
    stored_tags = found["tags"]
    has_tags = (stored_tags if isinstance(stored_tags, str) else ",".join(stored_tags)) == tags
    return has_tags and is_hash_of(account.password, found["password_hash"])


async def _put_permission(
    api: ManagementApi, account: Account, found: Mapping[str, str] | None
) -> bool:
    wanted = as_fields(permission(account))
    if found == wanted:
        return False
    await api.put_permission(account.name, wanted)
    return True


async def _put_topics(
    api: ManagementApi, account: Account, found: Mapping[str, Mapping[str, str]]
) -> bool:
    wanted = {topic.exchange: as_fields(topic) for topic in topics(account)}
    wrong = [exchange for exchange, fields in wanted.items() if found.get(exchange) != fields]
    for exchange in wrong:
        await api.put_topic_permission(account.name, {"exchange": exchange, **wanted[exchange]})
    return bool(wrong)
