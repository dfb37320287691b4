"""Any request gets a documented answer, and never an internal error."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.support.gateway import Gateway

pytestmark = pytest.mark.connected

_EXAMPLES = "6"
_PHASES = "examples,coverage,fuzzing"


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", ["agent1", "admin", "nobody"])
async def test_every_answer_is_documented(gateway: Gateway, tmp_path: Path, name: str) -> None:
    await gateway.offered()
    await gateway.accepted()
    await gateway.drafted()

    schemathesis = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "schemathesis.cli",
        "run",
        f"{gateway.url}/api/v2/openapi.json",
        "--auth",
        f"{name}:{name}",
        "--checks",
        "not_a_server_error,status_code_conformance,content_type_conformance,"
        "response_schema_conformance,negative_data_rejection,unsupported_method",
        "--max-examples",
        _EXAMPLES,
        "--phases",
        _PHASES,
        "--seed",
        "1",
        "--no-color",
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await schemathesis.communicate()

    assert schemathesis.returncode == 0, output.decode()[:8000]
