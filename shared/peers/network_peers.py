"""Network addresses grouped by the peer that controls them. Pure."""

from collections.abc import Collection
from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network

_EVERYWHERE: Final = (ip_network("0.0.0.0/0"), ip_network("::/0"))
# Strangers choose the addresses, so the number of those remembered is bounded.
_REMEMBERED: Final = 10_000
_IPV6_SITE: Final = 64
"""Prefix length: a host usually controls a whole /64, so limits count networks of this size."""


@lru_cache(_REMEMBERED)
def peer_of(address: str) -> str:
    """Return the IPv4 address itself, or the /64 network of an IPv6 address, as text."""
    parsed = parsed_address(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, _IPV6_SITE), strict=False))
    return str(parsed or address)


def parsed_address(address: str) -> IPv4Address | IPv6Address | None:
    """Return the parsed address, an IPv4-mapped IPv6 one as IPv4; None if it is none."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed


def is_in(address: str, networks: Collection[Network]) -> bool:
    """Say whether an address is in one of some networks."""
    if not networks:
        return False
    parsed = parsed_address(address)
    return parsed is not None and any(parsed in network for network in networks)


def networks_in(text: str) -> tuple[Network, ...]:
    """Return the addresses and networks of a list with commas, `*` as all; skip other words."""
    found: list[Network] = []
    for one in (word.strip() for word in text.split(",")):
        with suppress(ValueError):
            found += _EVERYWHERE if one == "*" else [ip_network(one, strict=False)]
    return tuple(found)
