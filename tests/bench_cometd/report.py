"""The report of all visits: medians, ratios and aims. Pure."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Final

from tests.bench.tables.figures import percentile
from tests.bench.tables.table import Aim, Row, Section
from tests.bench_cometd import gateway_reconnect as gateway
from tests.bench_cometd import lab_reconnect as lab
from tests.bench_cometd.server_measurement import Lap, ServerMeasurement

Visits = Mapping[str, Sequence[ServerMeasurement]]

_LEVEL: Final = Aim("at least 1", 1.0, at_least=True)
_NO_WORSE: Final = Aim("at most 1", 1.0)
_MEMORY: Final = Aim("at most 30", 30.0)
_SOON: Final = Aim("at most 15", 15.0)
_AIMS: Final = {
    ("websocket", "own, flat out"): Aim("at least 2", 2.0, at_least=True),
    ("websocket", "broadcast, flat out"): _LEVEL,
    ("long-polling", "own, flat out"): Aim("at least 1.5", 1.5, at_least=True),
    ("long-polling", "broadcast, flat out"): _LEVEL,
}


def sections(transport: str, visits: Visits) -> list[Section]:
    """Return ours beside Faye, and ours beside the bare application."""
    ours, faye, bare = visits["ours"], visits["Faye"], visits["bare"]
    beside_faye = [
        *(row for name in ours[0].laps for row in _rows(transport, name, ours, faye)),
        Row("memory", "kB a client", _memory(ours), aim=_MEMORY),
        Row("memory beside", "kB a client", _memory(ours), _memory(faye)),
    ]
    beside_bare = [
        Row(name, "deliveries/CPU-s", _per_cpu(ours, name), _per_cpu(bare, name))
        for name in ours[0].laps
    ]
    return [
        Section(f"{transport}: our Bayeux beside Faye", "ours", beside_faye, right="Faye"),
        Section(f"{transport}: our Bayeux beside bare ASGI", "ours", beside_bare, right="bare"),
    ]


def _rows(
    transport: str, name: str, ours: Sequence[ServerMeasurement], faye: Sequence[ServerMeasurement]
) -> list[Row]:
    aim = _AIMS.get((transport, name))
    rows = [
        Row(name, "deliveries/CPU-s", _per_cpu(ours, name), _per_cpu(faye, name), aim),
        Row(name, "deliveries/s", _rate(ours, name), _rate(faye, name)),
    ]
    if "paced" not in name:
        return rows
    return [
        *rows,
        Row(name, "p50 ms", _p50(ours, name), _p50(faye, name)),
        Row(name, "p99 ms", _p99(ours, name), _p99(faye, name), _NO_WORSE),
    ]


def _all(size: int) -> Aim:
    return Aim("all", float(size), at_least=True)


def _figure(of: Callable[[Lap], float]) -> Callable[[Sequence[ServerMeasurement], str], float]:
    return lambda visits, name: median(of(one.laps[name]) for one in visits)


_per_cpu = _figure(lambda lap: lap.per_cpu)
_rate = _figure(lambda lap: lap.rate)
_p50 = _figure(lambda lap: lap.p50)
_p99 = _figure(lambda lap: lap.p99)


def _memory(visits: Sequence[ServerMeasurement]) -> float:
    return median(one.kilobytes for one in visits)


def lab_herd(size: int, result: lab.ReconnectTimes) -> Section:
    """Return how soon clients are back whose lab was killed and started again."""
    return Section(
        f"The lab killed and started again under {size} clients",
        "ours",
        [
            Row("half are back", "seconds", percentile(result.delays, 50)),
            Row("all are back", "seconds", max(result.delays), aim=_SOON),
            Row("hear the next event", "clients", float(result.heard), aim=_all(size)),
        ],
    )


def gateway_herd(size: int, result: gateway.ReconnectTimes, *, counting: float) -> Section:
    """Return how soon agents are back whose gateway was killed, and whether they missed any.

    All of it is work of two cores: `counting` says how fast one was at that time.
    """
    return Section(
        f"The gateway killed and started again under {size} agents, since the kill",
        "ours",
        [
            Row("it listens", "seconds", result.ready),
            Row("half are back", "seconds", result.half),
            Row("all are back", "seconds", result.all, aim=_SOON),
            Row("all have heard all", "seconds", result.heard),
            Row("once and in order", "agents", float(result.whole), aim=_all(size)),
            Row("Python counts to 10 million", "seconds", counting),
        ],
    )
