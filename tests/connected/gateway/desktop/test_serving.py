"""The desktop beside the API: no login for its files, one for everything else."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fixtures.built_desktop import built_desktop
from tests.support.backend import Backend
from tests.support.gateway import Gateway, running_gateway

__all__ = ["built_desktop"]

pytestmark = pytest.mark.connected


@pytest.fixture
async def without_desktop(
    backend: Backend, vhost_url: str, database_url: str
) -> AsyncIterator[Gateway]:
    """A gateway that serves no desktop."""
    async with running_gateway(backend, vhost_url, database_url, desktop="off") as gateway:
        yield gateway


async def test_a_stranger_gets_the_page_and_nothing_else(
    gateway: Gateway, built_desktop: Path
) -> None:
    stranger = await gateway.client()

    led = await stranger.get("/")
    page = await stranger.get("/desktop/")
    work = await stranger.get("/api/v2/me/interactions")

    assert (led.status_code, led.headers["location"]) == (307, "desktop/")
    assert page.status_code == 200
    assert page.text == await asyncio.to_thread((built_desktop / "index.html").read_text)
    assert work.status_code == 401


@pytest.mark.usefixtures("built_desktop")
async def test_page_allows_scripts_of_its_own_only(gateway: Gateway) -> None:
    page = await (await gateway.client()).get("/desktop/")

    policy = dict(
        one.strip().partition(" ")[::2]
        for one in page.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert page.headers["x-content-type-options"] == "nosniff"


async def test_without_it_root_asks_for_a_login(without_desktop: Gateway) -> None:
    stranger = await without_desktop.client()

    answers = [await stranger.get(path) for path in ("/", "/desktop/")]

    assert [one.status_code for one in answers] == [401, 401]


@pytest.mark.parametrize("path", ["/api/v2/me", "/cometd"])
async def test_scripts_are_not_answered_with_a_dialog(gateway: Gateway, path: str) -> None:
    stranger = await gateway.client()
    ask = stranger.get if path.endswith("me") else stranger.post

    plain = await ask(path)
    script = await ask(path, headers={"X-Requested-With": "XMLHttpRequest"})

    assert (plain.status_code, script.status_code) == (401, 401)
    assert plain.headers["www-authenticate"].startswith("Basic ")
    assert script.headers["www-authenticate"] == 'Cookie realm="mailroom"'
