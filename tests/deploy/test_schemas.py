"""Every Kubernetes object has the shape that its kind asks for."""

import json
from functools import cache
from pathlib import Path

import kubernetes_validate
import pytest
from jsonschema import Draft202012Validator, ValidationError

from tests.deploy.manifests import (
    BASE,
    EXAMPLE,
    KEDA,
    LAYERS,
    OAUTH,
    OIDC,
    Manifest,
    manifests,
    named,
)

SCHEMAS = {
    "ScaledObject": "scaled-object.json",
    "TriggerAuthentication": "trigger-authentication.json",
}


def title(manifest: Manifest) -> str:
    return f"{manifest['kind']}-{manifest['metadata']['name']}"


@cache
def validator(kind: str) -> Draft202012Validator:
    file = Path(__file__).parent / "schemas" / SCHEMAS[kind]
    return Draft202012Validator(json.loads(file.read_text()))


@pytest.mark.parametrize("manifest", manifests(BASE, OIDC, OAUTH, EXAMPLE), ids=title)
def test_kubernetes_would_accept(manifest: Manifest) -> None:
    kubernetes_validate.validate(manifest, "1.32", strict=True)


@pytest.mark.parametrize("manifest", manifests(KEDA), ids=title)
def test_keda_would_accept(manifest: Manifest) -> None:
    validator(manifest["kind"]).validate(manifest)


def test_a_misspelt_field_of_an_autoscaler_is_found() -> None:
    misspelt = {**named("ScaledObject", KEDA)["routing"], "sepc": {}}

    with pytest.raises(ValidationError, match="sepc"):
        validator("ScaledObject").validate(misspelt)


@pytest.mark.parametrize("manifest", manifests(*LAYERS), ids=title)
def test_only_an_overlay_decides_about_the_namespace(manifest: Manifest) -> None:
    assert "namespace" not in manifest["metadata"]
