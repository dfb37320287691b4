"""Every pod is confined, probed, and given the time that it needs to stop."""

import pytest

from shared.runtime.settings import ServiceSettings
from tests.deploy.installed import CONSOLE, Start, services, settings_of, variables_of
from tests.deploy.manifests import (
    ADDRESSES,
    BASE,
    EXAMPLE,
    Manifest,
    container,
    merged_settings,
    named,
    own_environment,
    pod,
    ports,
    project,
    read_yaml,
    shared_settings,
    workloads,
)

DEPLOYMENTS = named("Deployment", BASE)
WORKLOADS = workloads()
each_deployment = pytest.mark.parametrize("name", DEPLOYMENTS)
each_workload = pytest.mark.parametrize("workload", WORKLOADS.values(), ids=WORKLOADS)


def environment(name: str) -> dict[str, str]:
    return shared_settings() | own_environment(DEPLOYMENTS[name])


def test_every_service_is_deployed() -> None:
    assert set(DEPLOYMENTS) == services()


@each_workload
def test_no_pod_may_do_more_than_it_has_to(workload: Manifest) -> None:
    assert pod(workload)["automountServiceAccountToken"] is False
    assert pod(workload)["securityContext"]["runAsNonRoot"] is True
    assert pod(workload)["securityContext"]["runAsUser"] >= 10_000
    assert pod(workload)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(workload)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@each_workload
def test_the_only_place_to_write_is_small(workload: Manifest) -> None:
    writable = [one for one in container(workload)["volumeMounts"] if not one.get("readOnly")]
    volumes = {one["name"]: one for one in pod(workload)["volumes"]}

    assert [one["mountPath"] for one in writable] == ["/tmp"]  # noqa: S108 - inside a pod
    assert "sizeLimit" in volumes["tmp"]["emptyDir"]


@each_workload
def test_memory_is_limited_and_processors_are_asked_for(workload: Manifest) -> None:
    resources = container(workload)["resources"]

    assert "memory" in resources["limits"]
    assert {"cpu", "memory"} <= set(resources["requests"])


@each_workload
def test_an_image_has_the_version_of_this_checkout(workload: Manifest) -> None:
    assert container(workload)["image"].endswith(f":{project()['version']}")


@each_workload
def test_a_service_of_kubernetes_never_becomes_a_setting(workload: Manifest) -> None:
    # A Service named `gateway` would set GATEWAY_PORT=tcp://… in every pod.
    assert pod(workload)["enableServiceLinks"] is False


@each_deployment
def test_a_deployment_runs_the_image_of_its_service(name: str) -> None:
    image, _, _ = container(DEPLOYMENTS[name])["image"].partition(":")

    assert image == f"mailroom-{name}"


@each_deployment
def test_variables_of_a_pod_are_valid_settings(name: str, settings_in: Start) -> None:
    settings = settings_in(name, environment(name))

    assert settings.rabbitmq_url == ADDRESSES["rabbitmq-url"]
    assert settings.mongodb_url == ADDRESSES["mongodb-url"]


@each_deployment
def test_probes_ask_where_the_service_answers(name: str, settings_in: Start) -> None:
    main = container(DEPLOYMENTS[name])

    settings = settings_in(name, environment(name))

    assert ports(DEPLOYMENTS[name])["probes"] == settings.probe_port
    assert main["startupProbe"]["httpGet"] == {"path": "/live", "port": "probes"}
    assert main["livenessProbe"]["httpGet"] == {"path": "/live", "port": "probes"}
    assert main["readinessProbe"]["httpGet"] == {"path": "/ready", "port": "probes"}


def test_the_probes_are_where_a_service_puts_them_by_default() -> None:
    default = ServiceSettings.model_fields["probe_port"].default

    assert {ports(one)["probes"] for one in DEPLOYMENTS.values()} == {default}


@each_deployment
def test_a_pod_has_ten_seconds_more_than_it_needs_to_stop(name: str, settings_in: Start) -> None:
    deployment = DEPLOYMENTS[name]
    stop = container(deployment).get("lifecycle", {}).get("preStop", {})
    before = stop.get("sleep", {}).get("seconds", 0)

    drain = settings_in(name, environment(name)).drain.total_seconds()

    assert pod(deployment)["terminationGracePeriodSeconds"] >= before + drain + 10


def test_outbound_waits_for_the_slowest_answer_to_a_final_dot(settings_in: Start) -> None:
    settings = settings_in("outbound", environment("outbound"))

    assert settings.drain > settings.model_dump()["dot_deadline"]


@each_deployment
def test_an_update_takes_no_pod_away_before_its_successor_is_there(name: str) -> None:
    strategy = DEPLOYMENTS[name]["spec"]["strategy"]

    assert strategy["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


@each_deployment
def test_pods_are_found_by_their_label_and_spread_over_nodes(name: str) -> None:
    specification = DEPLOYMENTS[name]["spec"]
    selector = {"matchLabels": {"app.kubernetes.io/name": name}}
    spread = pod(DEPLOYMENTS[name])["topologySpreadConstraints"]

    assert specification["selector"] == selector
    assert specification["template"]["metadata"]["labels"] == selector["matchLabels"]
    assert [one["labelSelector"] for one in spread] == [selector, selector]


@each_deployment
def test_maintenance_takes_one_pod_at_a_time(name: str) -> None:
    budget = named("PodDisruptionBudget", BASE)[name]["spec"]

    assert budget["maxUnavailable"] == 1
    assert budget["selector"] == DEPLOYMENTS[name]["spec"]["selector"]


def test_workload_called_from_outside_has_a_service() -> None:
    called = {name: ports(one).keys() - {"probes"} for name, one in DEPLOYMENTS.items()}
    offered = {
        name: {port["targetPort"] for port in one["spec"]["ports"]}
        for name, one in named("Service", BASE).items()
    }

    assert offered == {name: found for name, found in called.items() if found}


def test_the_ports_of_the_edges_are_those_of_the_settings(settings_in: Start) -> None:
    ingest = settings_in("ingest", environment("ingest")).model_dump()
    gateway = settings_in("gateway", environment("gateway")).model_dump()

    assert ports(DEPLOYMENTS["ingest"])["smtp"] == ingest["smtp_port"]
    assert ports(DEPLOYMENTS["ingest"])["lmtp"] == ingest["lmtp_port"]
    assert ports(DEPLOYMENTS["gateway"])["http"] == gateway["port"]


def test_the_edges_listen_to_more_than_their_own_pod(settings_in: Start) -> None:
    hosts = {
        name: settings_in(name, environment(name)).model_dump()["host"]
        for name in ("ingest", "gateway")
    }

    assert hosts == {"ingest": "0.0.0.0", "gateway": "0.0.0.0"}  # noqa: S104 - inside a pod


def test_every_variable_is_one_that_some_service_reads() -> None:
    route = read_yaml(EXAMPLE / "contact-center.yaml")["smtp_route"]
    known = set[str]().union(*(variables_of(name) for name in services()))
    given = set(shared_settings()) | set(merged_settings())

    assert given - known == set()
    for name in DEPLOYMENTS:
        allowed = variables_of(name) | {route["password_variable"]}
        assert set(own_environment(DEPLOYMENTS[name])) - allowed == set()


def test_the_console_gets_what_it_reads_and_nothing_else() -> None:
    job = WORKLOADS["configure"]

    unset = variables_of(CONSOLE) - set(own_environment(job))

    assert set(own_environment(job)) <= variables_of(CONSOLE)
    # What replaces the next mail server is for systems that must not mail anybody. The certificate
    # of ingest is looked at by `doctor`, not by `apply`.
    assert {one for one in unset if not one.startswith("OUTBOUND_SMTP_")} == {
        "MAILROOM_MAIL_SERVER"
    }
    assert "RABBITMQ_MANAGEMENT_URL" in variables_of(CONSOLE)
    assert settings_of(CONSOLE).model_fields["management_url"].is_required() is False


def test_the_configuration_can_be_applied_again_at_any_time() -> None:
    # The template of a Job is immutable: a second `kubectl apply` would be refused.
    assert named("Job", BASE) == {}
    scheduled = named("CronJob", BASE)["configure"]["spec"]
    assert scheduled["concurrencyPolicy"] == "Forbid"
    assert scheduled["jobTemplate"]["spec"]["activeDeadlineSeconds"] < 300
    assert scheduled["schedule"] == "*/5 * * * *"


def test_the_contact_center_is_applied_from_where_it_is_mounted() -> None:
    main = container(WORKLOADS["configure"])
    mounts = {one["name"]: one["mountPath"] for one in main["volumeMounts"]}

    assert main["args"] == ["apply", f"{mounts['contact-center']}/contact-center.yaml"]


def test_sealing_key_is_given_to_users_of_logins_only() -> None:
    told = {
        name for name, one in WORKLOADS.items() if "MAILROOM_SEALING_KEY" in own_environment(one)
    }

    assert told == {"outbound", "fetching", "configure"}


def test_secret_of_the_login_at_a_provider_is_given_to_the_gateway_alone() -> None:
    told = {
        name
        for name, one in WORKLOADS.items()
        if own_environment(one).get("GATEWAY_OIDC_CLIENT_SECRET") == "oidc-client-secret"
    }

    assert told == {"gateway"}
