"""Any request gets a documented answer, and never an internal error."""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.fixtures.examples import EXAMPLES
from tests.support.gateway import Gateway

# `make fuzz` runs these tests too.
pytestmark = [pytest.mark.connected, pytest.mark.hypothesis]

_IS_LONG: Final = "FUZZ_EXAMPLES" in os.environ
_EXAMPLES: Final = max(6, EXAMPLES // 100)
"""Requests for each operation: a hundredth of what a function is tried with, as they are slower."""


_ALL: Final = "examples,coverage,fuzzing"
_TRIES: Final = (
    [(name, _ALL, ()) for name in ("agent1", "admin", "nobody")]
    if _IS_LONG
    # Every boundary of every parameter takes minutes for each user: `make fuzz` tries them. An
    # administrator is refused what is the agents' own, and a stranger everything, whatever the
    # parameters are.
    else [
        ("agent1", "examples,fuzzing", ()),
        ("admin", "examples,fuzzing", ()),
        ("admin", "coverage", ("--include-path-regex", "/ucs/contacts/{id}$")),
        ("nobody", "examples,fuzzing", ()),
    ]
)


@pytest.mark.timeout(0 if _IS_LONG else 900)
@pytest.mark.parametrize(("name", "phases", "paths"), _TRIES)
async def test_every_answer_is_documented(
    gateway: Gateway, tmp_path: Path, name: str, phases: str, paths: Sequence[str]
) -> None:
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
        str(_EXAMPLES),
        "--phases",
        phases,
        *paths,
        "--seed",
        "1",
        "--no-color",
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await schemathesis.communicate()

    assert schemathesis.returncode == 0, output.decode()[:8000]
