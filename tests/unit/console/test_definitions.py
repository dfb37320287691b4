"""The broker's definitions name everybody, and nobody's password."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from services.console.accounts import (
    BROKER,
    DATABASE,
    accounts_of,
    password_variable,
    password_variables,
)
from services.console.broker.definitions import definitions, is_hash_of
from services.console.command_line import main
from services.console.database_users import url_for
from services.console.exit_codes import Exit, NotPossibleError
from shared.messaging.topology import all_exchanges, policies
from shared.runtime.rights import RIGHTS

PASSWORDS = {name: f"secret of {name}" for name in password_variables()}


def defined(virtual_host: str = "/") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(definitions(accounts_of(BROKER, PASSWORDS), virtual_host))
    return found


def test_everybody_has_a_user_and_a_permission() -> None:
    everybody = {f"mailroom-{owner}" for owner in (*RIGHTS, "operator", "monitoring")}

    assert {one["name"] for one in defined()["users"]} == everybody
    assert {one["user"] for one in defined()["permissions"]} == everybody


def test_only_hashes_of_passwords_are_in_it() -> None:
    content = definitions(accounts_of(BROKER, PASSWORDS))

    assert "secret of" not in content
    for user in json.loads(content)["users"]:
        owner = user["name"].removeprefix("mailroom-")
        assert is_hash_of(PASSWORDS[password_variable(BROKER, owner)], user["password_hash"])
        assert not is_hash_of("another", user["password_hash"])


def test_the_operator_alone_is_an_administrator() -> None:
    tags = {one["name"]: one["tags"] for one in defined()["users"] if one["tags"]}

    assert tags == {
        "mailroom-operator": "administrator",
        "mailroom-monitoring": "monitoring",
    }


def test_exchanges_and_policies_are_those_of_the_topology() -> None:
    content = defined("/mail")

    assert {one["name"]: one["type"] for one in content["exchanges"]} == all_exchanges()
    assert {one["name"] for one in content["policies"]} == set(policies())
    assert content["vhosts"] == [{"name": "/mail"}]
    parts = ("permissions", "topic_permissions", "exchanges", "policies")
    assert {one["vhost"] for part in parts for one in content[part]} == {"/mail"}


def test_the_autoscaler_sees_no_message() -> None:
    (found,) = [one for one in defined()["permissions"] if one["user"] == "mailroom-monitoring"]

    assert not any(
        re.search(found[what], "routing.work") for what in ("configure", "write", "read")
    )


def test_no_password_gives_no_accounts() -> None:
    assert accounts_of(BROKER, {"RABBITMQ_PASSWORD_INGEST": ""}) == []


def test_some_passwords_only_are_an_error_that_names_the_others() -> None:
    with pytest.raises(NotPossibleError, match="MONGODB_PASSWORD_GATEWAY") as error:
        accounts_of(DATABASE, {"MONGODB_PASSWORD_INGEST": "secret"})

    assert error.value.code is Exit.MISCONFIGURED


def test_a_password_may_be_a_file(tmp_path: Path) -> None:
    for name, password in PASSWORDS.items():
        (tmp_path / name).write_text(f"{password}\n")

    assert accounts_of(BROKER, {"PASSWORDS_FOLDER": str(tmp_path)}) == accounts_of(
        BROKER, PASSWORDS
    )


def test_prefix_separates_two_installations() -> None:
    names = [one.name for one in accounts_of(BROKER, PASSWORDS | {"USER_PREFIX": "trial"})]

    assert {name.partition("-")[0] for name in names} == {"trial"}


def test_the_address_of_another_user_names_the_same_database() -> None:
    account = accounts_of(DATABASE, PASSWORDS | {"MONGODB_PASSWORD_INGEST": "p/w"})[0]

    url = url_for(account, "mongodb://root:pw@one:1,two:2/mail?replicaSet=rs0&authSource=admin")

    assert url == "mongodb://mailroom-ingest:p%2Fw@one:1,two:2/mail?replicaSet=rs0&authSource=mail"


def test_the_command_prints_what_the_broker_loads(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, password in PASSWORDS.items():
        monkeypatch.setenv(name, password)

    with pytest.raises(SystemExit) as caught:
        main(["definitions", "--virtual-host", "mail"])

    assert caught.value.code == Exit.FINE
    assert len(json.loads(capsys.readouterr().out)["users"]) == len(RIGHTS) + 2
