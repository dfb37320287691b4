"""The deploy files, read as they are committed."""

import tomllib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

CHECKOUT: Final = Path(__file__).parents[2]
KUBERNETES: Final = CHECKOUT / "deploy" / "kubernetes"
BASE: Final = KUBERNETES / "base"
KEDA: Final = KUBERNETES / "components" / "keda"
KEDA_PROMETHEUS: Final = KUBERNETES / "components" / "keda-prometheus"
OIDC: Final = KUBERNETES / "components" / "oidc"
OAUTH: Final = KUBERNETES / "components" / "oauth"
MAIL_TLS: Final = KUBERNETES / "components" / "mail-tls"
EXAMPLE: Final = KUBERNETES / "overlays" / "example"
OWN_USERS: Final = KUBERNETES / "components" / "own-users"
LAYERS: Final = (BASE, KEDA, KEDA_PROMETHEUS, OIDC, OAUTH, OWN_USERS, MAIL_TLS, EXAMPLE)

Manifest = dict[str, Any]


def read_yaml(file: Path) -> Manifest:
    """Return a file that holds one document."""
    content: Manifest = yaml.safe_load(file.read_text())
    return content


def kustomization(layer: Path) -> Manifest:
    """Return what a layer is made of."""
    return read_yaml(layer / "kustomization.yaml")


def manifests(*layers: Path) -> list[Manifest]:
    """Return every Kubernetes object and every patch of these layers."""
    return [
        document
        for layer in layers
        for file in sorted(layer.glob("*.yaml"))
        for document in deepcopy(_documents(file))
        if "metadata" in document
    ]


@cache
def _documents(file: Path) -> list[Manifest]:
    # Every process of a test run reads the files of a dozen modules' parameters.
    return list(yaml.safe_load_all(file.read_text()))


def named(kind: str, *layers: Path) -> dict[str, Manifest]:
    """Return the objects of a kind by name."""
    return {one["metadata"]["name"]: one for one in manifests(*layers) if one["kind"] == kind}


def workloads() -> dict[str, Manifest]:
    """Return everything that runs pods, by name."""
    scheduled = {name: one["spec"]["jobTemplate"] for name, one in named("CronJob", BASE).items()}
    return named("Deployment", BASE) | scheduled


def pod(workload: Manifest) -> Manifest:
    """Return the specification of a workload's pods."""
    specification: Manifest = workload["spec"]["template"]["spec"]
    return specification


def container(workload: Manifest) -> Manifest:
    """Return the only container of a workload's pods."""
    (only,) = pod(workload)["containers"]
    found: Manifest = only
    return found


def ports(workload: Manifest) -> dict[str, int]:
    """Return where a workload listens, by name."""
    return {one["name"]: one["containerPort"] for one in container(workload).get("ports", ())}


def shared_settings() -> dict[str, str]:
    """Return the values that every service reads from the ConfigMap of the base."""
    return dict(_assignments((BASE / "settings.env").read_text().splitlines()))


def merged_settings() -> dict[str, str]:
    """Return the values that the example puts on top of them."""
    generators = kustomization(EXAMPLE)["configMapGenerator"]
    return dict(_assignments(line for one in generators for line in one.get("literals", ())))


def _assignments(lines: Iterator[str] | list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield name, value


ADDRESSES = {
    "rabbitmq-url": "amqp://rabbitmq.example:5672/",
    "mongodb-url": "mongodb://mongodb.example:27017/mailroom",
    "bounce-key": "of-at-least-thirty-two-characters",
}
"""Values of the Secret by key."""


def own_environment(workload: Manifest) -> dict[str, str]:
    """Return the variables of a workload beside the ConfigMap.

    A secret's value is its key or one of `ADDRESSES`, a field's its path.
    """
    return {
        one["name"]: one.get("value") or _source(one["valueFrom"])
        for one in container(workload).get("env", ())
    }


def _source(value_from: Manifest) -> str:
    if "fieldRef" in value_from:
        return str(value_from["fieldRef"]["fieldPath"])
    key = str(value_from["secretKeyRef"]["key"])
    return ADDRESSES.get(key, key)


def secret_keys() -> set[str]:
    """Return every key of the Secret that a workload or the autoscaler asks for."""
    of_workloads = {
        one["valueFrom"]["secretKeyRef"]["key"]
        for workload in workloads().values()
        for one in container(workload).get("env", ())
        if "secretKeyRef" in one.get("valueFrom", ())
    }
    of_autoscaler = {
        one["key"]
        for authentication in named("TriggerAuthentication", KEDA).values()
        for one in authentication["spec"]["secretTargetRef"]
    }
    return of_workloads | of_autoscaler


def project() -> Mapping[str, Any]:
    """Return what pyproject.toml says about the distribution."""
    content: Mapping[str, Any] = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    return content
