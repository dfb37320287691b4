"""The services of `make run` listen where they say, and nowhere else."""

import os
from ipaddress import ip_address

import pytest

from deploy.local.servers.accounts import Access, Accounts
from deploy.local.stack.services import NAMES, Addresses, service_environment
from shared.storage.sealing import Sealer
from tests.deploy.installed import service_settings

PROBES = dict.fromkeys(NAMES, 9000)
ADDRESSES = Addresses(gateway=8080, smtp=2525, lmtp=2424, sink=1025, probes=PROBES)


@pytest.mark.parametrize("name", NAMES)
def test_service_of_the_local_stack_listens_on_loopback_only(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_HOST", "192.0.2.1")
    environment = service_environment(name, Access("amqp://here", "mongodb://here/mail"), ADDRESSES)
    for variable in tuple(os.environ):
        monkeypatch.delenv(variable)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)

    settings = service_settings(name).model_dump()

    hosts = [settings[field] for field in ("host", "probe_host") if field in settings]
    assert hosts
    assert all(ip_address(host).is_loopback for host in hosts)


def test_sealing_key_is_given_to_users_of_logins_only() -> None:
    accounts = Accounts.made_up("test")
    access = Access("amqp://here", "mongodb://here/mail", accounts=accounts)
    key = accounts.variables["MAILROOM_SEALING_KEY"]

    told = {name for name in NAMES if access.of_service(name).get("MAILROOM_SEALING_KEY") == key}

    assert told == {"outbound", "fetching"}
    assert access.of_console()["MAILROOM_SEALING_KEY"] == key
    assert Sealer(key).open(Sealer(key).seal("token", "a"), "a") == "token"
