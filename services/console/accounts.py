"""The users of broker and database, and their passwords, which the operator sets."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from services.console.exit_codes import Exit, NotPossibleError
from shared.runtime.rights import RIGHTS

OPERATOR: Final = "operator"
"""The user of this command line. It may do everything of Mailroom on both servers."""

MONITORING: Final = "monitoring"
"""The user of the autoscaler. It reads the lengths of queues, and no message."""

BROKER: Final = "RABBITMQ"
DATABASE: Final = "MONGODB"
_OWNERS: Final[Mapping[str, Sequence[str]]] = {
    BROKER: (*RIGHTS, OPERATOR, MONITORING),
    DATABASE: (*RIGHTS, OPERATOR),
}


@dataclass(frozen=True, slots=True)
class Account:
    """A user of a server: a service's, the operator's, or the autoscaler's."""

    owner: str
    name: str
    password: str = field(repr=False)


def user_name(owner: str, environment: Mapping[str, str]) -> str:
    """Return the name of a user; `USER_PREFIX` tells the users of several installations apart."""
    return f"{environment.get('USER_PREFIX') or 'mailroom'}-{owner}"


def password_variable(server: str, owner: str) -> str:
    """Return the name of the variable, or of the file, that holds a password."""
    return f"{server}_PASSWORD_{owner.upper()}"


def password_variables() -> list[str]:
    """Return the variables of all passwords."""
    return [
        password_variable(server, owner) for server, owners in _OWNERS.items() for owner in owners
    ]


def accounts_of(server: str, environment: Mapping[str, str] = os.environ) -> list[Account]:
    """Return the users of a server; none if no password is set for any of them.

    A password is a variable, or a file of that name in the folder `PASSWORDS_FOLDER`.

    Raises:
        NotPossibleError: Some passwords are set and others are not.
    """
    found = {owner: _password(server, owner, environment) for owner in _OWNERS[server]}
    if not any(found.values()):
        return []
    if missing := [password_variable(server, owner) for owner, one in found.items() if not one]:
        raise NotPossibleError(
            f"passwords are given for some users of {server} only: set {', '.join(missing)} too, "
            "or none of them",
            Exit.MISCONFIGURED,
        )
    return [Account(owner, user_name(owner, environment), one) for owner, one in found.items()]


def _password(server: str, owner: str, environment: Mapping[str, str]) -> str:
    variable = password_variable(server, owner)
    if given := environment.get(variable):
        return given
    folder = environment.get("PASSWORDS_FOLDER")
    file = Path(folder) / variable if folder else None
    return file.read_text().rstrip("\n") if file and file.is_file() else ""
