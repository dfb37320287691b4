"""Asks the virus scanner for its version, and has it scan a few octets, and files in files."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import datetime
from io import BytesIO
from typing import Final
from zipfile import ZipFile

from services.console.health.findings import Finding, about_scanner
from shared.contracts.contact_center import ContactCenter
from shared.contracts.description.files import VirusScanner
from shared.scanning.clamd import (
    ScannerAwayError,
    ScannerVersion,
    find_virus,
    one_piece,
    read_version,
)

_FILE: Final = b"Mailroom asks whether files are scanned."
_DEPTH: Final = 100
"""Files inside each other; clamd opens 17 (`MaxRecursion`)."""
_PATIENCE: Final = 15.0
"""Seconds for all of it. A healthy scanner answers in much less than one."""


async def examine_scanner(center: ContactCenter | None, now: datetime) -> AsyncIterator[Finding]:
    """Yield a finding about the virus scanner, if the description names one."""
    if center is None or center.virus_scanner is None:
        return
    scanner = center.virus_scanner
    version, problem, is_thorough = ScannerVersion(), "", True
    try:
        async with asyncio.timeout(_PATIENCE):
            version = await read_version(scanner.host, scanner.port)
            # A scanner may answer and still be unable to scan, as without room for its files.
            problem = await _scan(scanner)
            is_thorough = bool(problem) or await _holds_unread(scanner)
    except ScannerAwayError as error:
        problem = str(error)
    except TimeoutError:
        problem = f"no verdict on a small file within {_PATIENCE:.0f} seconds"
    where = f"{scanner.host}:{scanner.port}"
    yield about_scanner(where, version, problem, now, is_thorough=is_thorough)


async def _scan(scanner: VirusScanner) -> str:
    reason = await find_virus(scanner.host, scanner.port, one_piece(_FILE))
    return f"a harmless file would be held: {reason}" if reason else ""


async def _holds_unread(scanner: VirusScanner) -> bool:
    """Say whether a file is held that the scanner has not read to its end."""
    # Another content each time: the scanner remembers what it has called clean.
    content = secrets.token_bytes(16)
    for _ in range(_DEPTH):
        packed = BytesIO()
        with ZipFile(packed, "w") as archive:
            archive.writestr("inner.zip", content)
        content = packed.getvalue()
    return bool(await find_virus(scanner.host, scanner.port, one_piece(content)))
