"""The layers fit together: nothing is missing and nothing lies around."""

import json
import re
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.ingest.settings import IngestSettings
from shared.contracts.contact_center import ContactCenter
from shared.runtime.settings import variables
from tests.deploy.manifests import (
    BASE,
    EXAMPLE,
    KEDA,
    KUBERNETES,
    LAYERS,
    MAIL_TLS,
    OWN_USERS,
    Manifest,
    container,
    kustomization,
    named,
    pod,
    project,
    read_yaml,
    secret_keys,
    workloads,
)


def references(layer: Path) -> set[Path]:
    content = kustomization(layer)
    generated = [
        (*one.get("files", ()), *one.get("envs", ()))
        for one in content.get("configMapGenerator", ())
    ]
    patches = [one["path"] for one in content.get("patches", ()) if "path" in one]
    named = chain(content.get("resources", ()), content.get("components", ()), patches, *generated)
    return {(layer / name).resolve() for name in named}


def layer_name(layer: Path) -> str:
    return str(layer.relative_to(KUBERNETES))


@pytest.mark.parametrize("layer", LAYERS, ids=layer_name)
def test_every_file_that_a_layer_names_exists(layer: Path) -> None:
    missing = {one for one in references(layer) if not one.exists()}

    assert missing == set()


@pytest.mark.parametrize("layer", LAYERS, ids=layer_name)
def test_a_folder_that_a_layer_names_is_a_layer(layer: Path) -> None:
    folders = {one for one in references(layer) if one.is_dir()}

    assert all((one / "kustomization.yaml").exists() for one in folders)


@pytest.mark.parametrize("layer", LAYERS, ids=layer_name)
def test_every_file_of_a_layer_is_used(layer: Path) -> None:
    files = {one.resolve() for one in layer.iterdir() if one.name != "kustomization.yaml"}

    assert files <= references(layer)


def test_every_layer_is_checked_here() -> None:
    assert {one.parent for one in KUBERNETES.rglob("kustomization.yaml")} == set(LAYERS)


def test_the_example_replaces_every_image_once() -> None:
    images = [one["name"] for one in kustomization(EXAMPLE)["images"]]
    used = [container(one)["image"].partition(":")[0] for one in workloads().values()]

    assert sorted(images) == sorted(used)


def test_the_example_runs_the_version_of_this_checkout() -> None:
    tags = {one["newTag"] for one in kustomization(EXAMPLE)["images"]}

    assert tags == {project()["version"]}


def test_every_configuration_that_a_pod_asks_for_is_generated() -> None:
    generated = {
        one["name"]
        for layer in (BASE, EXAMPLE)
        for one in kustomization(layer)["configMapGenerator"]
    }
    by_variables = {
        one["configMapRef"]["name"]
        for workload in workloads().values()
        for one in container(workload).get("envFrom", ())
        if "configMapRef" in one
    }
    by_volumes = {
        one["configMap"]["name"]
        for workload in workloads().values()
        for one in pod(workload)["volumes"]
        if "configMap" in one
    }

    assert generated == by_variables | by_volumes


def test_certificate_of_mail_is_where_ingest_reads_it() -> None:
    patch = named("Deployment", MAIL_TLS)["ingest"]
    given = {one["name"]: one["value"] for one in container(patch)["env"]}
    (mount,) = container(patch)["volumeMounts"]
    (volume,) = pod(patch)["volumes"]

    assert {"INGEST_TLS_CERTIFICATE", "INGEST_TLS_KEY"} == set(given)
    assert set(given) <= set(variables(IngestSettings).values())
    assert {str(Path(one).parent) for one in given.values()} == {mount["mountPath"]}
    assert {Path(one).name for one in given.values()} == {"tls.crt", "tls.key"}
    assert (mount["name"], "subPath" in mount) == (volume["name"], False)


def test_the_manual_explains_every_key_of_the_secret() -> None:
    manual = (KUBERNETES / "README.md").read_text()

    assert {key for key in secret_keys() if f"`{key}`" not in manual} == set()


def test_a_command_in_a_pod_of_its_own_is_made_of_the_cron_job() -> None:
    manual = (KUBERNETES / "README.md").read_text()
    (patch,) = re.findall(r"-p '(\[.*?\])' \|", manual, re.DOTALL)
    job = workloads()["configure"]

    replaced = {
        one["path"]: at(job, one["path"]) for one in json.loads(patch) if one["op"] == "replace"
    }

    assert replaced.pop("/spec/template/spec/containers/0/args")[0] == "apply"
    assert set(replaced) == {
        "/spec/activeDeadlineSeconds",
        "/spec/backoffLimit",
        "/spec/template/spec/restartPolicy",
    }


def at(manifest: Manifest, pointer: str) -> Any:
    """Return the value at a JSON pointer (RFC 6901)."""
    found: Any = manifest
    for name in pointer.strip("/").split("/"):
        found = found[int(name)] if isinstance(found, list) else found[name]
    return found


def test_the_contact_center_of_the_example_is_a_valid_one() -> None:
    described = ContactCenter.model_validate(read_yaml(EXAMPLE / "contact-center.yaml"))

    assert described.mailboxes[0].queue in {queue.name for queue in described.queues}


def test_the_autoscaler_and_not_a_layer_counts_the_pods_that_it_scales() -> None:
    (patch,) = kustomization(KEDA)["patches"]
    fixed = {one["name"] for one in kustomization(EXAMPLE).get("replicas", ())}
    scaled = set(patch["target"]["name"].split("|"))

    assert scaled == {one.stem for one in KEDA.glob("*.yaml")} - {
        "kustomization",
        "trigger-authentication",
    }
    assert fixed & scaled == set()


def test_every_service_becomes_a_user_of_its_own() -> None:
    patches = {one["target"]["name"]: one for one in kustomization(OWN_USERS)["patches"]}

    assert set(patches) == set(named("Deployment", BASE))
    for name, patch in patches.items():
        environment = container(workloads()[name])["env"]
        steps = yaml.safe_load(patch["patch"])
        assert [step["op"] for step in steps] == ["test", "replace", "test", "replace"]
        for number, variable in enumerate(("RABBITMQ_URL", "MONGODB_URL")):
            place = f"/spec/template/spec/containers/0/env/{number}"
            test, replacement = steps[2 * number : 2 * number + 2]
            assert environment[number]["name"] == variable
            assert (test["path"], test["value"]) == (f"{place}/name", variable)
            assert replacement["path"] == f"{place}/valueFrom/secretKeyRef/name"
            assert replacement["value"] == f"mailroom-{name}"


def test_secrets_of_users_and_logins_are_optional_and_go_to_who_needs_them() -> None:
    passwords, logins = (
        {"name": name, "optional": True} for name in ("mailroom-passwords", "mailroom-logins")
    )
    given = {
        name: [
            one["secretRef"] for one in container(workload).get("envFrom", ()) if "secretRef" in one
        ]
        for name, workload in workloads().items()
    }

    assert {name: found for name, found in given.items() if found} == {
        "configure": [passwords, logins],
        "fetching": [logins],
        "outbound": [logins],
    }
