"""Free ports on the loopback interface."""

import fcntl
import os
import secrets
import socket
import tempfile
from functools import cache
from pathlib import Path

_LOWEST = 20_000
_claimed: set[int] = set()
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def is_free(port: int) -> bool:
    """Tell whether a server could listen on 127.0.0.1 at `port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def is_open(port: int) -> bool:
    """Tell whether something accepts connections on 127.0.0.1 at `port`."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port(preferred: int | None = None) -> int:
    """Return `preferred` if it is free, else a random free port. Nobody else was given either.

    The random ones lie below those the kernel gives to outgoing connections: while a server is
    down between a kill and its restart, no client's socket can take its place, nor can a client
    that knocks again and again end up connected to itself.
    """
    if preferred is not None and _reserve(preferred) and is_free(preferred):
        return preferred
    highest = _first_outgoing_port()
    for _ in range(1_000):
        port = _LOWEST + secrets.randbelow(highest - _LOWEST)
        if _claim(port) and is_free(port):
            return port
    raise OSError(f"no free port between {_LOWEST} and {highest}")


def _claim(port: int) -> bool:
    """Reserve a port that this process has not reserved before."""
    return port not in _claimed and _reserve(port)


def _reserve(port: int) -> bool:
    """Reserve a port among all processes of this user, until this process ends.

    A program listens on its port only later: being free says nothing until then.
    """
    try:
        fcntl.lockf(_ledger(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    _claimed.add(port)
    return True


@cache
def _ledger() -> int:
    """Return the file of which each process locks the bytes whose numbers are its ports."""
    path = Path(tempfile.gettempdir()) / f"mailroom-ports-{os.getuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)


def _first_outgoing_port() -> int:
    first = int(_RANGE.read_text().split()[0]) if _RANGE.exists() else 32_768
    return max(first, _LOWEST + 1_000)
