"""Ports for private servers."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.processes.ports import free_port

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


def test_no_port_is_given_twice() -> None:
    ports = [free_port() for _ in range(300)]

    assert len(set(ports)) == 300


def test_no_other_process_is_given_it_either() -> None:
    port = free_port()

    assert told_elsewhere(f"ports._claim({port})") == "False"


def test_port_that_another_process_prefers_as_well_is_given_once() -> None:
    port = free_port(preferred=int(told_elsewhere("ports.free_port()")))

    assert told_elsewhere(f"ports.free_port({port}) == {port}") == "False"


def told_elsewhere(expression: str) -> str:
    """Return what another process works out."""
    program = f"from deploy.local.processes import ports; print({expression})"
    answer = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    return answer.stdout.strip()
