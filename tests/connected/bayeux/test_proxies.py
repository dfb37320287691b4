"""The samples for nginx and HAProxy at work, with the official client behind them."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest

from shared.bayeux import BayeuxSettings
from tests.cometd_client import CometdAgent
from tests.connected.bayeux.proxies import SAMPLES, proxy
from tests.connected.bayeux.running_lab import RunningLab, running_lab
from tests.support.bayeux_client import INTERACTIONS

every_proxy = pytest.mark.parametrize("kind", ["nginx", "haproxy"])


@every_proxy
@pytest.mark.parametrize("transport", ["long-polling", "websocket"])
async def test_events_pass_a_proxy(
    lab: RunningLab, kind: str, transport: Literal["long-polling", "websocket"], tmp_path: Path
) -> None:
    async with proxy(kind, [lab.url], tmp_path) as url:
        name = "agent-70"
        async with CometdAgent(f"{url}/cometd", name, name, transport=transport) as agent:
            await agent.subscribe(INTERACTIONS)
            for number in range(20):
                await lab.publish("70", number)

            assert [(await agent.event())["data"] for _ in range(20)] == list(range(20))


@every_proxy
async def test_a_polling_client_stays_with_its_server(kind: str, tmp_path: Path) -> None:
    async with (
        running_lab(TIMEOUT_MS="200") as one,
        running_lab(TIMEOUT_MS="200") as other,
        proxy(kind, [one.url, other.url], tmp_path) as url,
        replace(one, url=url).polling("71") as client,
    ):
        await client.handshake()
        for _ in range(6):
            [reply] = await client.ask("/meta/connect")

            assert reply["successful"] is True or reply["advice"]["reconnect"] == "handshake"
            if not reply["successful"]:
                await client.handshake()
        assert reply["successful"] is True


@pytest.mark.parametrize(
    ("sample", "limit"),
    [
        ("nginx.conf", r"proxy_read_timeout (\d+)s"),
        ("haproxy.cfg", r"timeout client (\d+)s"),
        ("haproxy.cfg", r"timeout server (\d+)s"),
        ("haproxy.cfg", r"timeout tunnel (\d+)s"),
    ],
)
def test_no_proxy_cuts_a_held_connect_off(sample: str, limit: str) -> None:
    [seconds] = re.findall(limit, (SAMPLES / sample).read_text())

    assert timedelta(seconds=int(seconds)) >= 2 * BayeuxSettings().timeout
