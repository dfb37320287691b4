"""Whom an address on the network stands for. Pure."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

_IPV6_SITE: Final = 64
"""Whoever has one address of IPv6 has this many bits' worth of them."""


def peer_of(address: str) -> str:
    """Return whom an address stands for: itself, or the site of an IPv6 address."""
    parsed = parsed_address(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, _IPV6_SITE), strict=False))
    return str(parsed or address)


def parsed_address(address: str) -> IPv4Address | IPv6Address | None:
    """Return an address; one of IPv4 that is written as one of IPv6 is one of IPv4."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed
