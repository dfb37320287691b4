"""Creates and updates the database's users and their roles."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from services.console.accounts import OPERATOR, Account
from services.console.exit_codes import NotPossibleError
from services.console.store import connected_database
from shared.runtime.rights import RIGHTS
from shared.storage.database.client import Database, Document


async def put_database_users(
    admin_url: str, mongodb_url: str, accounts: Sequence[Account]
) -> list[str]:
    """Give each user its role in the database of `mongodb_url`; return a line for each change.

    Raises:
        NotPossibleError: The administrator's address is wrong, or lacks the rights.
    """
    name = urlsplit(mongodb_url).path[1:] or "mailroom"
    lines = []
    async with connected_database(admin_url) as reached:
        database = reached.client[name]
        for account in accounts:
            changes = [
                await _put_role(database, account),
                await _put_user(database, account, url_for(account, mongodb_url)),
            ]
            if any(changes):
                lines.append(
                    f"database user {account.name}: {'added' if all(changes) else 'changed'}"
                )
    return lines


def url_for(account: Account, mongodb_url: str) -> str:
    """Return the database's address for another user of it."""
    where = urlsplit(mongodb_url)
    host = where.netloc.rpartition("@")[2]
    name = where.path[1:] or "mailroom"
    user = f"{quote(account.name, safe='')}:{quote(account.password, safe='')}"
    options = dict(parse_qsl(where.query)) | {"authSource": name}
    return where._replace(
        netloc=f"{user}@{host}", path=f"/{name}", query=urlencode(options)
    ).geturl()


async def _put_role(database: Database, account: Account) -> bool:
    rights = RIGHTS.get(account.owner)
    privileges = rights.database.privileges(database.name) if rights else []
    roles = [{"role": "readWrite", "db": database.name}] if account.owner == OPERATOR else []
    found = await database.command("rolesInfo", account.name, showPrivileges=True)
    if found["roles"] and _is_right(found["roles"][0], privileges, roles):
        return False
    command = "updateRole" if found["roles"] else "createRole"
    await database.command(command, account.name, privileges=privileges, roles=roles)
    return True


def _is_right(found: Document, privileges: list[Document], roles: list[Document]) -> bool:
    return _comparable(found["privileges"]) == _comparable(privileges) and found["roles"] == [
        {**role} for role in roles
    ]


def _comparable(privileges: list[Document]) -> dict[str, set[Any]]:
    return {one["resource"]["collection"]: set(one["actions"]) for one in privileges}


async def _put_user(database: Database, account: Account, url: str) -> bool:
    found = await database.command("usersInfo", account.name)
    role = [{"role": account.name, "db": database.name}]
    if found["users"] and found["users"][0]["roles"] == role and await _can_log_in(url):
        return False
    command = "updateUser" if found["users"] else "createUser"
    await database.command(command, account.name, pwd=account.password, roles=role)
    return True


async def _can_log_in(url: str) -> bool:
    try:
        async with connected_database(url) as database:
            await database.command("ping")
    except NotPossibleError:
        return False
    return True
