"""`make bench-cometd`: our Bayeux server beside Faye and a bare ASGI application, in turns."""

import argparse
import asyncio
import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

import uvloop

from deploy.local.folders import temporary_folder
from deploy.local.progress import NotPossibleError, report
from deploy.local.servers.running_servers import servers
from tests.bench.tables.table import Section
from tests.bench_cometd.gateway_reconnect import measure_gateway_return
from tests.bench_cometd.lab_reconnect import measure_lab_return
from tests.bench_cometd.report import Visits, gateway_herd, lab_herd, sections
from tests.bench_cometd.server_measurement import Load, ServerMeasurement, seconds_to_count, visit
from tests.bench_cometd.servers import BARE, FAYE, OURS
from tests.cometd_client import UnavailableError, install
from tests.faye import HERE

_LONGEST_MINUTES = 20
_INTERRUPTED = 130
_BROADCASTS = {"websocket": 10.0, "long-polling": 4.0}
"""Broadcasts a second, well below what the slower server can do."""


def options() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench_cometd", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute's smoke: no firm figures")
    parser.add_argument("--agents", type=int, default=1000, help="how many clients listen")
    parser.add_argument("--herd", type=int, default=4000, help="clients of the restart; 0: none")
    parser.add_argument("--rate", type=float, default=1000, help="events/s of the paced laps")
    parser.add_argument("--size", type=int, default=300, help="bytes of an event")
    parser.add_argument("--rounds", type=int, default=3, help="visits to each server")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of each lap")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    asked = parser.parse_args()
    if asked.quick:
        asked.rounds, asked.seconds = 1, 1.0
        asked.agents, asked.clients = min(asked.agents, 200), min(asked.herd, 500)
    return asked


async def measure(asked: argparse.Namespace) -> dict[str, Visits]:
    """Visit each server once a round, over both transports, so that drift hits all."""
    found: dict[str, Visits] = {}
    for transport, broadcasts in _BROADCASTS.items():
        load = Load(asked.agents, asked.seconds, asked.rate, broadcasts, asked.size)
        visits: dict[str, list[ServerMeasurement]] = {kind.name: [] for kind in (OURS, FAYE, BARE)}
        for number in range(asked.rounds):
            for kind in (OURS, FAYE, BARE):
                note(f"{transport}, round {number + 1} of {asked.rounds}: {kind.name}")
                visits[kind.name].append(await visit(kind, transport, load))
        found[transport] = visits
    return found


async def _run(asked: argparse.Namespace) -> int:
    async with asyncio.timeout(_LONGEST_MINUTES * 60):
        await install(HERE, "faye")
        found = await measure(asked)
        herds = await _herds(asked.herd) if asked.herd else []
    compared = [one for transport in found for one in sections(transport, found[transport])]
    tables = [*compared, *herds]
    for section in tables:
        sys.stdout.write("\n".join([*section.lines(), ""]))
    if asked.json:
        asked.json.write_text(json.dumps([section.as_json() for section in tables], indent=2))
    return 0


async def _herds(size: int) -> list[Section]:
    note(f"a herd of {size} at the lab")
    at_lab = lab_herd(size, await measure_lab_return(size))
    note(f"a herd of {size} at the gateway")
    with temporary_folder() as folder, servers(folder, environment={}) as up:
        database_url = urlsplit(up.mongodb_url)._replace(path="/herd").geturl()
        counting = seconds_to_count()
        result = await measure_gateway_return(up.rabbitmq_url, database_url, size)
        at_gateway = gateway_herd(size, result, counting=counting)
    return [at_lab, at_gateway]


def note(words: str) -> None:
    """Tell how far it is; standard output is for the report alone."""
    sys.stderr.write(f"{words}\n")


def main() -> int:
    """Measure and print the report."""
    try:
        return uvloop.run(_run(options()))
    except (NotPossibleError, UnavailableError) as reason:
        report(str(reason))
    except TimeoutError:
        report(f"not done in {_LONGEST_MINUTES} minutes")
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 1


if __name__ == "__main__":
    sys.exit(main())
