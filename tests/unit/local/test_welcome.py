"""`make run` says where everything is before it builds the desktop, which may take minutes."""

import asyncio
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from deploy.local import __main__ as command
from deploy.local.servers.running_servers import Servers
from deploy.local.stack.system import System

UP = cast(
    "Servers",
    SimpleNamespace(access=None, rabbitmq=None, rabbitmq_url="amqp:", mongodb_url="mongodb:"),
)
RUNNING = cast(
    "System",
    SimpleNamespace(gateway_url="http://gateway", addresses=SimpleNamespace(smtp=25, lmtp=24)),
)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(command, "CHECKOUT", tmp_path)
    monkeypatch.setattr(command, "ENVIRONMENT", tmp_path / "environment")
    monkeypatch.setattr(command, "terminal_environment", lambda *_: {})


async def test_addresses_are_printed_before_the_desktop_is_built(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    printed_before: list[str] = []
    has_tried = asyncio.Event()
    loop = asyncio.get_running_loop()

    def build() -> str:
        printed_before.append(capsys.readouterr().out)
        loop.call_soon_threadsafe(has_tried.set)
        return "Node and npm are missing"

    monkeypatch.setattr(command, "is_current", lambda: False)
    monkeypatch.setattr(command, "try_to_build", build)

    staying = asyncio.create_task(command.stay_up(UP, RUNNING))
    await has_tried.wait()
    staying.cancel()
    with suppress(asyncio.CancelledError):
        await staying

    assert "http://gateway/api/v2/me" in printed_before[0]
    assert "http://gateway/desktop/ (being built" in printed_before[0]


def test_desktop_that_cannot_be_built_names_the_way_to_it() -> None:
    words = command.desktop_words("Node and npm are missing")

    assert "Node and npm are missing" in words
    assert "make desktop" in words
