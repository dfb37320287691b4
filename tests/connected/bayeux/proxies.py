"""Debian's nginx and HAProxy with the samples of deploy/proxies, in front of labs."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from deploy.local.processes.ports import free_port
from deploy.local.programs.packages import install
from deploy.local.progress import NotPossibleError
from tests.support.waiting import until

SAMPLES: Final = Path(__file__).parents[3] / "deploy" / "proxies"
_PACKAGES: Final = {"nginx": "nginx-light", "haproxy": "haproxy"}
_FILES: Final = {"nginx": "nginx.conf", "haproxy": "haproxy.cfg"}
_STICKY: Final = {
    "nginx": re.compile(r"^ *hash .*\n", re.MULTILINE),
    "haproxy": re.compile(r"^ *(balance|hash-type|stick|stick-table) .*\n", re.MULTILINE),
}
"""What makes a proxy send a client to the same server again."""


@asynccontextmanager
async def proxy(
    kind: str, targets: Sequence[str], folder: Path, *, is_sticky: bool = True
) -> AsyncIterator[str]:
    """Run a proxy before servers and give its address; one that is not sticky asks all in turn."""
    program = _find(kind)
    port = free_port()
    write = _nginx if kind == "nginx" else _haproxy
    sample = (SAMPLES / _FILES[kind]).read_text()
    if not is_sticky:
        sample = _STICKY[kind].sub("", sample)
    arguments = write(sample, folder, port, [urlsplit(target).netloc for target in targets])
    process = await asyncio.create_subprocess_exec(program, *arguments)
    try:
        if not await until(partial(_is_listening, port), 20, every=0.02):
            pytest.fail(f"{kind} does not listen: see the end of its output")
        yield f"http://localhost:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _find(kind: str) -> str:
    if (found := shutil.which(kind, path="/usr/sbin:/usr/bin:/usr/local/sbin")) is not None:
        return found
    try:
        install([_PACKAGES[kind]])
    except NotPossibleError as reason:
        pytest.skip(str(reason))
    return f"/usr/sbin/{kind}"


def _nginx(sample: str, folder: Path, port: int, targets: Sequence[str]) -> Sequence[str]:
    servers = "\n".join(f"server {target} max_fails=1 fail_timeout=2s;" for target in targets)
    sample = re.sub(r"server 127\.0\.0\.1:8080 [^\n]*", servers, sample)
    sample = sample.replace("listen 8443;", f"listen 127.0.0.1:{port};")
    logs = f"access_log off; error_log {folder}/error.log;"
    temporary = " ".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = f"pid {folder}/pid; events {{}} http {{ {logs} {temporary}\n{sample}\n}}"
    (folder / "nginx.conf").write_text(whole)
    errors = str(folder / "error.log")
    return ("-e", errors, "-c", str(folder / "nginx.conf"), "-g", "daemon off; master_process off;")


def _haproxy(sample: str, folder: Path, port: int, targets: Sequence[str]) -> Sequence[str]:
    [line] = re.findall(r"    server gateway1 .*", sample)
    servers = (
        line.replace("gateway1", f"gateway{number}").replace("127.0.0.1:8080", target)
        for number, target in enumerate(targets, 1)
    )
    sample = sample.replace(line, "\n".join(servers))
    sample = sample.replace("bind 127.0.0.1:8443", f"bind 127.0.0.1:{port}")
    (folder / "haproxy.cfg").write_text(sample)
    return ("-db", "-f", str(folder / "haproxy.cfg"))


async def _is_listening(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
