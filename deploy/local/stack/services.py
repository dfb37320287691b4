"""The services of the system as programs to run: their names, addresses and environment."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from deploy.local.processes.ports import free_port
from deploy.local.servers.accounts import Access

NAMES = ("ingest", "fetching", "attachments", "routing", "composition", "outbound", "gateway")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Ports on 127.0.0.1: what the world talks to, and one probe for each service."""

    gateway: int
    smtp: int
    lmtp: int
    sink: int
    probes: Mapping[str, int]

    @classmethod
    def choose(cls, *, familiar: bool = True) -> "Addresses":
        """Return free ports: the familiar ones where possible, else any."""
        return cls(
            gateway=free_port(8080 if familiar else None),
            smtp=free_port(2525 if familiar else None),
            lmtp=free_port(2424 if familiar else None),
            sink=free_port(1025 if familiar else None),
            probes={name: free_port() for name in NAMES},
        )


@dataclass(frozen=True, slots=True)
class Service:
    """One service as a process: its name, what to run, and where it says that it is ready."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    ready_url: str


def service(name: str, access: Access, addresses: Addresses) -> Service:
    """Return one of `NAMES`, bound to these servers and addresses."""
    return Service(
        name=name,
        command=(sys.executable, "-m", f"services.{name}"),
        environment=service_environment(name, access, addresses),
        ready_url=f"http://127.0.0.1:{addresses.probes[name]}/ready",
    )


def service_environment(name: str, access: Access, addresses: Addresses) -> dict[str, str]:
    """Return the whole environment of a service: ours on top of the user's own settings."""
    return {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "LOG_STYLE": os.environ.get("LOG_STYLE", "text"),
        **access.of_service(name),
        # The passwords are those of the demo, and addresses of this machine are what is printed.
        "PROBE_HOST": "127.0.0.1",
        "INGEST_HOST": "127.0.0.1",
        # All mail comes from this machine, as from a company's own relay.
        "INGEST_RELAYS": os.environ.get("INGEST_RELAYS", "127.0.0.0/8"),
        "GATEWAY_HOST": "127.0.0.1",
        "PROBE_PORT": str(addresses.probes[name]),
        "INGEST_SMTP_PORT": str(addresses.smtp),
        "INGEST_LMTP_PORT": str(addresses.lmtp),
        "GATEWAY_PORT": str(addresses.gateway),
        "OUTBOUND_SMTP_HOST": "127.0.0.1",
        "OUTBOUND_SMTP_PORT": str(addresses.sink),
    }


def console_environment(access: Access) -> dict[str, str]:
    """Return the environment of the operator's command line."""
    return {**os.environ, **access.of_console()}


def terminal_environment(access: Access, addresses: Addresses) -> dict[str, str]:
    """Return what a terminal has to know so that commands find this system."""
    return {
        **access.of_console(),
        "OUTBOUND_SMTP_HOST": "127.0.0.1",
        "OUTBOUND_SMTP_PORT": str(addresses.sink),
        "OUTBOUND_SMTP_TLS": "none",
        "MAILROOM_API": f"http://127.0.0.1:{addresses.gateway}/api/v2",
        "MAILROOM_SMTP": f"smtp://127.0.0.1:{addresses.smtp}",
    }
