"""Addresses of images that a browser must not load by itself, and those it may load when asked."""

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

BLOCKED: Final = "blocked:"

_OUTSIDE: Final = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_HOST: Final = re.compile(r"(?=[^.]*[.])[a-z0-9._-]{1,253}", re.IGNORECASE)
_NUMBER: Final = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)
_OURS: Final = (".local", ".localhost", ".internal", ".home.arpa", ".lan", ".intranet")
_LONGEST: Final = 4_000


def outside_address(source: str) -> str | None:
    """Return the https address of a blocked image on the open network; None for any other.

    Addresses of machines near the reader are not among them (names without a dot, private and
    odd IP addresses): a stranger must not make the reader's browser call what only it can reach.
    """
    if not source.startswith(BLOCKED) or len(source) > _LONGEST:
        return None
    found = _OUTSIDE.match(address := source.removeprefix(BLOCKED).strip())
    if found is None or re.search(r"[\x00-\x20\x7f\\]", address):
        return None
    rest = address[found.end() :]
    try:
        parts = urlsplit(f"https://{rest}")
        host = (parts.hostname or "").encode("idna").decode()
        port = parts.port
    except (ValueError, UnicodeError):
        return None
    if "@" in parts.netloc or not _is_outside(host):
        return None
    if port == 80 and address.lower().startswith("http:"):  # noqa: PLR2004 - the port of http
        return None
    return f"https://{rest}"


def _is_outside(host: str) -> bool:
    name = host.rstrip(".").lower()
    if ":" in name:
        return _is_global(name)
    if not _HOST.fullmatch(name) or name.endswith(_OURS):
        return False
    # Browsers read `0x7f.1` and `127.1` as IP addresses too; only the usual form is believed.
    return _is_global(name) if _NUMBER.fullmatch(name.rpartition(".")[2]) else True


def _is_global(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_global and not found.is_multicast
