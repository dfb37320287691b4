"""An image holds one service and what that service needs, and gives it no rights."""

import json
import re

import pytest

from shared.runtime.settings import ServiceSettings
from tests.deploy.manifests import CHECKOUT, project

FILE = CHECKOUT / "deploy" / "docker" / "Dockerfile"
CONTEXT = {
    "deploy/docker/installer.lock",
    "pyproject.toml",
    "requirements.lock",
    "LICENSE",
    "shared",
    "services/__init__.py",
    "services/${SERVICE}",
    "services/desktop",
}


def instructions() -> list[tuple[str, str]]:
    """Return every instruction with its arguments, continuation lines joined."""
    text = re.sub(r"^#.*\n", "", FILE.read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    found = (line.partition(" ") for line in lines if line.strip())
    return [(name, arguments.strip()) for name, _, arguments in found]


def all_of(name: str) -> list[str]:
    return [arguments for found, arguments in instructions() if found == name]


def test_only_one_service_is_copied() -> None:
    from_context = [one.split()[:-1] for one in all_of("COPY") if not one.startswith("--from")]

    assert {source for sources in from_context for source in sources} == CONTEXT


@pytest.mark.parametrize("source", sorted(CONTEXT))
def test_every_copied_file_is_sent_to_the_builder(source: str) -> None:
    lines = (CHECKOUT / ".dockerignore").read_text().splitlines()
    sent = {line[1:] for line in lines if line.startswith("!")}

    assert "*" in lines
    assert source in sent or source.partition("/")[0] in sent


def test_every_package_is_installed_by_its_hash() -> None:
    installing = [one for one in all_of("RUN") if "pip install" in one]

    assert len(installing) == 2
    assert all("--require-hashes" in one for one in installing)


def test_a_service_gets_its_own_extra_in_the_versions_of_the_lock() -> None:
    (installing,) = [one for one in all_of("RUN") if "uv pip install" in one]

    assert '--extra "${SERVICE}"' in installing
    assert "--constraints requirements.lock -r pyproject.toml" in installing


def test_the_service_has_no_rights() -> None:
    user, _, group = all_of("USER")[-1].partition(":")

    assert int(user) >= 10_000
    assert int(group) >= 10_000


def test_signals_reach_the_service() -> None:
    (entry,) = all_of("ENTRYPOINT")
    (starting,) = [one for one in all_of("RUN") if "printf" in one]

    assert json.loads(entry) == ["/app/start"]
    assert "exec python -m services.%s" in starting
    assert all_of("CMD") == []


def test_the_health_check_is_a_program_that_asks_the_liveness_probe() -> None:
    command = json.loads(all_of("HEALTHCHECK")[0].partition("CMD ")[2])
    port = ServiceSettings.model_fields["probe_port"].default

    compile(command[2], "health check", "exec")

    assert command[:2] == ["python", "-c"]
    assert f"'PROBE_PORT', '{port}'" in command[2]
    assert "/live" in command[2]


def test_images_have_a_version_and_name_no_registry() -> None:
    stages = {one.split(" AS ")[1] for one in all_of("FROM") if " AS " in one}
    foreign = {one.split(" AS ")[0] for one in all_of("FROM")} - stages

    assert foreign == {"python:3.13-slim-trixie", "node:22-trixie-slim"}


def test_only_the_gateways_image_builds_the_desktop() -> None:
    (building,) = [one for one in all_of("RUN") if "npm" in one]

    assert building.startswith('mkdir /built && if [ "${SERVICE}" = gateway ]; then npm ci ')
    assert "--from=desktop /built/ /app/services/" in all_of("COPY")


def test_python_writes_nothing_when_it_runs() -> None:
    assert "PYTHONDONTWRITEBYTECODE=1" in " ".join(all_of("ENV"))
    assert any("compileall" in one for one in all_of("RUN"))


def test_an_image_says_what_it_is() -> None:
    labels = dict(re.findall(r'org\.opencontainers\.image\.([a-z]+)="([^"]*)"', FILE.read_text()))

    assert labels["licenses"] == project()["license"]
    assert f"VERSION={project()['version']}" in all_of("ARG")
    assert {"title", "description", "version", "revision"} <= set(labels)
