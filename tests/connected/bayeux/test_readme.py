"""The server of the README runs with its package alone, and the official client hears it."""

import asyncio
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import httpx2
import pytest

from deploy.local.processes.ports import free_port
from tests.cometd_client import CometdAgent

CHECKOUT = Path(__file__).parents[3]
PACKAGE = CHECKOUT / "shared" / "bayeux"
HELPER = "background_tasks.py"
BESIDE = ("http", "peers")


RUN = """
import runpy, sys
from pathlib import Path

sys.path[:] = [".", *(one for one in sys.path if not Path(one, "shared").is_dir())]
runpy.run_path("server.py", run_name="__main__")
"""
"""Runs the server without the checkout, which an editable installation has on the path."""


def shown_server() -> str:
    [code] = re.findall(r"```python\n(.*?)```", (PACKAGE / "README.md").read_text(), re.DOTALL)
    return str(code)


@asynccontextmanager
async def example_server(folder: Path) -> AsyncIterator[str]:
    """Run the shown server from a folder that holds what README names and nothing else of ours."""
    compiled = shutil.ignore_patterns("__pyc*")
    shutil.copytree(PACKAGE, folder / "shared" / "bayeux", ignore=compiled)
    for name in BESIDE:
        shutil.copytree(CHECKOUT / "shared" / name, folder / "shared" / name, ignore=compiled)
    shutil.copy(CHECKOUT / "shared" / HELPER, folder / "shared" / HELPER)
    (folder / "server.py").write_text(shown_server())
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-c", RUN, str(port), cwd=folder
    )
    try:
        await _is_up(f"http://127.0.0.1:{port}/", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def _is_up(url: str, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(20), httpx2.AsyncClient() as http:
        while process.returncode is None:
            try:
                await http.get(url)
            except httpx2.TransportError:
                continue
            return
        raise AssertionError("the server of the README ended")


@pytest.mark.parametrize("transport", ["long-polling", "websocket"])
async def test_readme_server_is_heard_by_official_client(
    transport: Literal["long-polling", "websocket"], tmp_path: Path
) -> None:
    async with (
        example_server(tmp_path) as url,
        CometdAgent(f"{url}/cometd", "anna", "any", transport=transport) as agent,
    ):
        await agent.subscribe("/greetings")

        event = await agent.event()

    assert event == {"channel": "/greetings", "data": {"text": "Hello"}}
