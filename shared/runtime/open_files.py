"""How many files, and so connections, this process may have open."""

import resource
from typing import Final

_FOR_ALL_ELSE: Final = 200
"""Files besides the connections of clients: broker, database, probes, other pods, modules."""


def raise_limit() -> None:
    """Allow as many open files as the system lets this process have.

    The usual limit of 1,024 is for programs that use `select`, which the services do not.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def room_for_connections(wanted: int) -> int:
    """Return how many connections of clients there may be: as many as wanted, or fewer."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if files == resource.RLIM_INFINITY else max(1, min(wanted, files - _FOR_ALL_ELSE))
