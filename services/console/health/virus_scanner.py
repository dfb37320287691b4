"""Asks the virus scanner for its version, and has it scan a few octets."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

from services.console.health.findings import Finding, about_scanner
from shared.contracts.contact_center import ContactCenter, VirusScanner
from shared.scanning.clamd import (
    ScannerAwayError,
    ScannerVersion,
    find_virus,
    one_piece,
    read_version,
)

_FILE: Final = b"Mailroom asks whether files are scanned."
_PATIENCE: Final = 15.0
"""Seconds for all of it. A healthy scanner answers in much less than one."""


async def examine_scanner(center: ContactCenter | None, now: datetime) -> AsyncIterator[Finding]:
    """Yield a finding about the virus scanner, if the description names one."""
    if center is None or center.virus_scanner is None:
        return
    scanner = center.virus_scanner
    version, problem = ScannerVersion(), ""
    try:
        async with asyncio.timeout(_PATIENCE):
            version = await read_version(scanner.host, scanner.port)
            # A scanner may answer and still be unable to scan, as without room for its files.
            problem = await _scan(scanner)
    except ScannerAwayError as error:
        problem = str(error)
    except TimeoutError:
        problem = f"no verdict on a small file within {_PATIENCE:.0f} seconds"
    yield about_scanner(f"{scanner.host}:{scanner.port}", version, problem, now)


async def _scan(scanner: VirusScanner) -> str:
    reason = await find_virus(scanner.host, scanner.port, one_piece(_FILE))
    return f"a harmless file would be held: {reason}" if reason else ""
