"""Ports for private servers."""

import socket
from pathlib import Path

import pytest

from deploy.local.ports import free_port

OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_a_taken_port_is_not_chosen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert free_port(preferred=port) != port


def test_a_free_port_is_chosen_where_preferred() -> None:
    port = free_port()

    assert free_port(preferred=port) == port


@pytest.mark.skipif(not OUTGOING.exists(), reason="only Linux says which ports clients get")
def test_no_client_can_be_given_the_port_of_a_server_that_is_down() -> None:
    first_outgoing = int(OUTGOING.read_text().split()[0])

    assert free_port() < first_outgoing
