"""Pods reach what they need and are reached by whom they serve; the rest is denied."""

from urllib.parse import urlsplit

import pytest

from tests.deploy.manifests import (
    BASE,
    OAUTH,
    OIDC,
    Manifest,
    kustomization,
    merged_settings,
    named,
    own_environment,
    ports,
    workloads,
)

POLICIES = named("NetworkPolicy", BASE)
TOKENS = named("NetworkPolicy", OAUTH)
KEYS = named("NetworkPolicy", OIDC)["gateway-signing-keys"]
PART_OF = {"app.kubernetes.io/part-of": "mailroom"}


def selected(policy: Manifest) -> dict[str, str]:
    labels: dict[str, str] = policy["spec"]["podSelector"]["matchLabels"]
    return labels


def allowed(policy: Manifest) -> set[int]:
    return {
        port["port"]
        for direction in ("ingress", "egress")
        for rule in policy["spec"].get(direction, ())
        for port in rule["ports"]
    }


def test_connection_that_is_not_allowed_is_denied() -> None:
    denial = POLICIES["default-deny"]["spec"]

    assert denial["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in denial
    assert "egress" not in denial


def test_the_denial_reaches_every_pod() -> None:
    (labels,) = kustomization(BASE)["labels"]

    assert selected(POLICIES["default-deny"]) == PART_OF
    assert labels == {"pairs": PART_OF, "includeTemplates": True}


def test_every_policy_is_about_pods_that_there_are() -> None:
    names = {
        labels["app.kubernetes.io/name"]
        for labels in map(selected, POLICIES.values())
        if labels != PART_OF
    }

    assert names <= set(workloads())


def test_the_edges_are_reached_where_they_listen() -> None:
    for name in ("ingest", "gateway"):
        listening = {port for label, port in ports(workloads()[name]).items() if label != "probes"}
        assert allowed(POLICIES[name]) == listening


def test_only_mail_servers_are_reached_and_never_the_metadata_of_the_cloud() -> None:
    leaving = {
        name: [place["ipBlock"] for rule in rules for place in rule["to"] if "ipBlock" in place]
        for name, policy in POLICIES.items()
        if (rules := policy["spec"].get("egress"))
    }

    assert {name for name, blocks in leaving.items() if blocks} == {
        "configure-mail-servers",
        "fetching",
        "outbound",
    }
    assert all(block["except"] for blocks in leaving.values() for block in blocks)


def test_gateways_reach_each_other_where_they_tell_each_other_that_they_are() -> None:
    gateway = workloads()["gateway"]
    (rule,) = POLICIES["gateway"]["spec"]["egress"]

    assert own_environment(gateway)["GATEWAY_OWN_ADDRESS"] == "status.podIP"
    assert rule["to"] == [{"podSelector": {"matchLabels": selected(POLICIES["gateway"])}}]
    assert {one["port"] for one in rule["ports"]} == {ports(gateway)["http"]}


def test_the_gateway_reaches_the_keys_of_tokens_and_never_the_metadata_of_the_cloud() -> None:
    address = urlsplit(merged_settings()["GATEWAY_OIDC_JWKS_URL"])
    (rule,) = KEYS["spec"]["egress"]

    assert selected(KEYS) == {"app.kubernetes.io/name": "gateway"}
    assert (address.scheme, allowed(KEYS)) == ("https", {address.port or 443})
    assert all(place["ipBlock"]["except"] for place in rule["to"])


def test_doctor_reaches_the_mail_server_that_outbound_reaches() -> None:
    policy = POLICIES["configure-mail-servers"]

    assert selected(policy) == {"app.kubernetes.io/name": "configure"}
    assert allowed(policy) == allowed(POLICIES["outbound"])


@pytest.mark.parametrize("service", ["outbound", "fetching", "configure"])
def test_tokens_are_requested_by_https_alone(service: str) -> None:
    policy = TOKENS[f"{service}-tokens"]
    (rule,) = policy["spec"]["egress"]

    assert selected(policy) == {"app.kubernetes.io/name": service}
    assert allowed(policy) == {443}
    assert all(place["ipBlock"]["except"] for place in rule["to"])
