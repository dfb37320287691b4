"""The system on one machine with Docker is the same system."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from services.console.accounts import (
    BROKER,
    DATABASE,
    OPERATOR,
    password_variable,
    password_variables,
    user_name,
)
from tests.deploy.installed import CONSOLE, Start, services, variables_of
from tests.deploy.manifests import CHECKOUT, Manifest, project, read_yaml

COMPOSE = read_yaml(CHECKOUT / "docker-compose.yml")
PARTS: dict[str, Manifest] = COMPOSE["services"]
OURS = {name: part for name, part in PARTS.items() if "build" in part}
STEPS = ("definitions", "configure")
"""What runs once, with the command line's image, before the services do."""

SERVICES = {name: part for name, part in OURS.items() if name not in STEPS}
each_service = pytest.mark.parametrize("name", SERVICES)
each_of_ours = pytest.mark.parametrize("name", OURS)


def seconds(duration: str) -> float:
    return float(duration.removesuffix("s"))


def environment(name: str) -> dict[str, str]:
    """Return the variables of a container where the person at the terminal sets none."""
    given: dict[str, str] = PARTS[name]["environment"]
    return {key: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value) for key, value in given.items()}


def published(part: Manifest) -> list[tuple[str, str, str]]:
    return [tuple(one.rsplit(":", 2)) for one in part.get("ports", ())]


def test_every_service_is_there() -> None:
    assert set(SERVICES) == services()


@each_of_ours
def test_an_image_is_built_from_its_own_service(name: str) -> None:
    service = CONSOLE if name in STEPS else name

    assert OURS[name]["image"] == f"mailroom-{service}:{project()['version']}"
    assert OURS[name]["build"] == {
        "context": ".",
        "dockerfile": "deploy/docker/Dockerfile",
        "args": {"SERVICE": service},
    }


@each_of_ours
def test_no_container_of_ours_may_do_more_than_it_has_to(name: str) -> None:
    part = OURS[name]

    assert part["read_only"] is True
    assert part["cap_drop"] == ["ALL"]
    assert part["security_opt"] == ["no-new-privileges:true"]
    assert [one.partition(":")[0] for one in part["tmpfs"]] == ["/tmp"]  # noqa: S108 - inside it


def test_only_those_that_end_are_not_asked_for_its_health() -> None:
    unasked = {name for name, part in OURS.items() if part.get("healthcheck", {}).get("disable")}

    assert unasked == set(STEPS)


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_nothing_is_published_beyond_this_machine(part: Manifest) -> None:
    assert {host for host, _, _ in published(part)} <= {"127.0.0.1"}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_every_image_has_a_version(part: Manifest) -> None:
    _, _, tag = part["image"].partition(":")

    assert tag not in ("", "latest")


@each_service
def test_the_environment_of_a_container_is_valid_and_all_of_it_is_read(
    name: str, settings_in: Start
) -> None:
    given = environment(name)

    settings = settings_in(name, given)

    assert set(given) - variables_of(name) == set()
    assert urlsplit(settings.rabbitmq_url).hostname == "rabbitmq"
    assert "replicaSet=mailroom" in settings.mongodb_url


def test_logins_at_a_provider_are_set_where_the_readme_says() -> None:
    manual = (CHECKOUT / "README.md").read_text()
    told = set(re.findall(r"GATEWAY_OIDC_\w+|GATEWAY_PUBLIC_URL", manual))

    taken = {
        name for name, value in PARTS["gateway"]["environment"].items() if f"${{{name}:-" in value
    }

    # A file would have to be mounted as well.
    assert told - {"GATEWAY_OIDC_JWKS_FILE"} == taken


@each_service
def test_a_container_has_ten_seconds_more_than_it_needs_to_stop(
    name: str, settings_in: Start
) -> None:
    drain = settings_in(name, environment(name)).drain

    assert seconds(SERVICES[name]["stop_grace_period"]) >= drain.total_seconds() + 10


def test_published_ports_are_those_of_the_services(settings_in: Start) -> None:
    ingest, gateway = SERVICES["ingest"], SERVICES["gateway"]

    taking = settings_in("ingest", environment("ingest")).model_dump()
    serving = settings_in("gateway", environment("gateway")).model_dump()

    assert [int(inside) for _, _, inside in published(ingest)] == [
        taking["smtp_port"],
        taking["lmtp_port"],
    ]
    assert [int(inside) for _, _, inside in published(gateway)] == [serving["port"]]
    assert {taking["host"], serving["host"]} == {"0.0.0.0"}  # noqa: S104 - inside a container


def test_mail_leaves_to_the_sink_and_nowhere_else(settings_in: Start) -> None:
    settings = settings_in("outbound", environment("outbound")).model_dump()

    assert settings["smtp_host"] in PARTS


@each_service
def test_a_service_starts_after_the_contact_center_is_configured(name: str) -> None:
    conditions: dict[str, Any] = SERVICES[name]["depends_on"]

    assert conditions["configure"] == {"condition": "service_completed_successfully"}
    assert set(conditions) <= set(PARTS)


def test_the_configuration_waits_until_both_servers_are_healthy() -> None:
    conditions = PARTS["configure"]["depends_on"]

    assert set(conditions) == {name for name, part in PARTS.items() if "test" in checked(part)}
    assert {one["condition"] for one in conditions.values()} == {"service_healthy"}


def checked(part: Manifest) -> Manifest:
    found: Manifest = part.get("healthcheck", {})
    return found


def test_the_configuration_is_a_file_of_this_checkout() -> None:
    ((source, target, mode),) = [one.split(":") for one in PARTS["configure"]["volumes"]]

    assert (CHECKOUT / source).is_file()
    assert PARTS["configure"]["command"] == ["apply", target]
    assert mode == "ro"


@each_service
def test_a_service_is_a_user_of_its_own_and_knows_no_other(name: str) -> None:
    given = environment(name)
    passwords = passwords_of("definitions") | passwords_of("configure")

    for server, url in ((BROKER, given["RABBITMQ_URL"]), (DATABASE, given["MONGODB_URL"])):
        assert urlsplit(url).username == user_name(name, {})
        assert urlsplit(url).password == passwords[password_variable(server, name)]
    assert [one for one in given if "PASSWORD" in one] == []


def passwords_of(step: str) -> dict[str, str]:
    return {key: one for key, one in environment(step).items() if "PASSWORD" in key}


def test_the_broker_loads_every_user_and_the_rest_is_applied() -> None:
    defined, applied = passwords_of("definitions"), passwords_of("configure")

    assert set(defined) == {one for one in password_variables() if one.startswith(BROKER)}
    assert set(applied) == set(password_variables())
    assert len(set(defined.values())) == len(defined)


def test_the_operator_applies_with_the_operators_users() -> None:
    given = environment("configure")

    assert set(given) - set(password_variables()) - variables_of(CONSOLE) <= {"LOG_STYLE"}
    assert urlsplit(given["RABBITMQ_URL"]).username == user_name(OPERATOR, {})
    assert urlsplit(given["MONGODB_URL"]).username == user_name(OPERATOR, {})
    assert urlsplit(given["MONGODB_ADMIN_URL"]).username == "root"
    assert "authSource=admin" in given["MONGODB_ADMIN_URL"]


def test_every_password_has_a_line_in_the_example() -> None:
    example = (CHECKOUT / "deploy" / "docker" / "example.env").read_text().splitlines()
    names = [line.partition("=")[0] for line in example if line and not line.startswith("#")]
    text = (CHECKOUT / "docker-compose.yml").read_text()

    secrets = set(re.findall(r"\$\{((?:RABBITMQ|MONGODB|MAILROOM)_\w+):-", text))

    assert sorted(names) == sorted(secrets)


def test_the_broker_starts_with_definitions_that_it_can_read() -> None:
    broker, step = PARTS["rabbitmq"], PARTS["definitions"]
    script = broker["entrypoint"][-1]

    assert broker["depends_on"] == {"definitions": {"condition": "service_completed_successfully"}}
    assert "definitions:/definitions" in step["volumes"]
    assert "definitions:/definitions:ro" in broker["volumes"]
    assert "/app/start definitions > /definitions/definitions.json" in step["entrypoint"][-1]
    assert "install -o rabbitmq -g rabbitmq -m 400 /definitions/definitions.json" in script
    assert "load_definitions = /etc/rabbitmq/definitions.json" in script


def test_the_database_is_a_replica_set() -> None:
    database = PARTS["mongodb"]

    assert database["command"][1:3] == ["--replSet", "mailroom"]
    assert "rs.initiate" in database["healthcheck"]["test"][-1]


def test_the_database_lets_nobody_in_without_a_password() -> None:
    database = PARTS["mongodb"]

    assert database["command"][-2:] == ["--keyFile", "/etc/mongodb.key"]
    assert "chmod 400 /etc/mongodb.key" in database["entrypoint"][2]
    assert database["environment"]["MONGO_INITDB_ROOT_USERNAME"] == "root"


def test_lasting_data_is_on_a_volume_of_its_own() -> None:
    mounted = {PARTS[name]["volumes"][0].partition(":")[0] for name in ("rabbitmq", "mongodb")}

    assert mounted == set(COMPOSE["volumes"]) - {"definitions"}
