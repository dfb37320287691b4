"""The build: its size, the addresses that it names, and its own tests."""

import asyncio
import gzip
import re
import shutil
from pathlib import Path
from typing import Final

import pytest

from deploy.local.desktop_build import SOURCES

# The first of these tests installs packages and builds.
pytestmark = pytest.mark.timeout(300)

FIRST_SCREEN: Final = 90_000
ALL: Final = 200_000
"""Bytes, compressed by gzip."""

_ADDRESS: Final = re.compile(r"(?:https?|wss?):/{2}[^\s\"'`<>\\)]*")
_NAMESPACES: Final = "http://www.w3.org/"
"""Names of XML vocabularies look like addresses; nothing asks them."""


def compressed(files: list[Path]) -> int:
    return sum(len(gzip.compress(file.read_bytes(), 9)) for file in files)


def programs(folder: Path) -> list[Path]:
    """Return everything that a browser loads, without the licences."""
    return [
        file
        for file in folder.rglob("*")
        if file.suffix in {".js", ".css", ".html", ".svg"} and file.is_file()
    ]


def test_first_screen_and_all_of_it_are_small(built_desktop: Path) -> None:
    index = (built_desktop / "index.html").read_text()
    first = [built_desktop / name for name in re.findall(r'(?:src|href)="\./([^"]+)"', index)]

    assert len(first) >= 2
    assert compressed([built_desktop / "index.html", *first]) <= FIRST_SCREEN
    assert compressed(programs(built_desktop)) <= ALL


def test_no_outside_address_is_in_it(built_desktop: Path) -> None:
    named = {
        address
        for file in programs(built_desktop)
        for address in _ADDRESS.findall(file.read_text())
        if not address.startswith(_NAMESPACES)
    }

    assert named == set()


def test_licences_of_others_are_in_it(built_desktop: Path) -> None:
    texts = (built_desktop / "licences.txt").read_text()

    assert re.search(r"^svelte .*\(MIT\)$", texts, re.MULTILINE)
    assert re.search(r"^cometd .*\(Apache-2.0\)$", texts, re.MULTILINE)
    assert "Permission is hereby granted" in texts


def test_lock_file_names_no_registry() -> None:
    assert '"resolved"' not in (SOURCES / "package-lock.json").read_text()


@pytest.mark.usefixtures("built_desktop")
@pytest.mark.parametrize("script", ["check", "test"])
async def test_sources_pass_their_own_checks(script: str) -> None:
    npm = await asyncio.create_subprocess_exec(
        shutil.which("npm") or "npm",
        "run",
        script,
        cwd=SOURCES,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )

    output, _ = await npm.communicate()

    assert npm.returncode == 0, output.decode()
