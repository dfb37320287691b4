"""Serves `/live`, `/ready` and `/metrics` on a port of their own."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from math import inf
from typing import Any, Final

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.http.http_protocol import StrictHttpProtocol
from shared.observability.serving import serving
from shared.peers.open_connections import ConnectionLimits, OpenConnections

# Often enough to see a lag well before `_LONGEST_LAG`.
_MEASURED_EVERY: Final = 0.5
# An event loop that is later than this is stuck, not busy: only a restart helps.
_LONGEST_LAG: Final = timedelta(seconds=5)

_LONGEST_HEAD: Final = 5
"""Seconds for the head of a request, and until the next one."""
_CONNECTIONS: Final = ConnectionLimits(most=200, per_peer=20, per_minute=3_000, patience=0.0)
"""So whoever reaches this port keeps neither the kubelet out nor the service from its files."""
_METRICS_LAST: Final = 0.5
"""Seconds for which metrics count as new: to write them takes milliseconds."""

Check = Callable[[], bool]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


@dataclass(slots=True)
class Health:
    """Named checks of a process.

    `live` fails only if a restart helps, so a missing broker or database is not checked there.
    A failing check in `degraded` is reported, and the pod stays Ready.
    """

    live: dict[str, Check] = field(default_factory=dict)
    ready: dict[str, Check] = field(default_factory=dict)
    degraded: dict[str, Check] = field(default_factory=dict)
    reasons: dict[str, Callable[[], str]] = field(default_factory=dict)

    def add_check(self, name: str, problem: Callable[[], str], *, needed: bool = True) -> None:
        """Add a check that fails while `problem` returns a text, which is reported as the reason.

        If the check is `needed`, the pod is Ready only while it holds; otherwise it is degraded.
        """
        (self.ready if needed else self.degraded)[name] = lambda: not problem()
        self.reasons[name] = problem

    def failing(self, checks: Mapping[str, Check]) -> list[str]:
        """Return the names of the failing checks, with the reason if one is known."""
        failing = [name for name, holds in checks.items() if not holds()]
        return [
            f"{name}: {self.reasons[name]()}" if name in self.reasons else name for name in failing
        ]


class LoopLag:
    """Measures how late the event loop runs its timers."""

    def __init__(self) -> None:
        self._seen = time.monotonic()
        self._lag = 0.0

    async def measure(self) -> None:
        """Measure for ever."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(_MEASURED_EVERY)
            self._seen = time.monotonic()
            self._lag = self._seen - before - _MEASURED_EVERY

    def is_short(self) -> bool:
        """Say whether the last lag was below five seconds."""
        return self._lag < _LONGEST_LAG.total_seconds()


class ProbeApplication:
    """A bare ASGI application: three paths, no framework."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self._metrics = b""
        self._metrics_at = -inf

    async def __call__(self, scope: Mapping[str, Any], _receive: object, send: Send) -> None:
        """Answer a GET."""
        match scope["path"]:
            case "/live":
                await self._answer(send, self._health.failing(self._health.live))
            case "/ready":
                checks = self._health.live | self._health.ready
                degraded = self._health.failing(self._health.degraded)
                await self._answer(send, self._health.failing(checks), degraded=degraded)
            case "/metrics":
                await _respond(send, 200, CONTENT_TYPE_LATEST, self._latest_metrics())
            case _:
                await _respond(send, 404, "text/plain", b"try /live, /ready or /metrics\n")

    def _latest_metrics(self) -> bytes:
        now = time.monotonic()
        if now - self._metrics_at > _METRICS_LAST:
            self._metrics, self._metrics_at = generate_latest(), now
        return self._metrics

    async def _answer(self, send: Send, failing: list[str], **more: list[str]) -> None:
        body = json.dumps({"ok": not failing, "failing": failing} | more).encode()
        await _respond(send, 503 if failing else 200, "application/json", body)


async def _respond(send: Send, status: int, media_type: str, body: bytes) -> None:
    headers = [(b"content-type", media_type.encode()), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def serving_probes(health: Health, *, host: str, port: int) -> AsyncIterator[None]:
    """Answer probes for as long as the context lasts."""
    lag = LoopLag()
    health.live["event loop"] = lag.is_short
    connections = OpenConnections(_CONNECTIONS, asyncio.get_running_loop().time)
    async with serving(
        ProbeApplication(health),
        host=host,
        port=port,
        lifespan="off",
        http=partial(StrictHttpProtocol, connections=connections),
        ws="none",
        timeout_keep_alive=_LONGEST_HEAD,
    ):
        measuring = asyncio.create_task(lag.measure())
        try:
            yield
        finally:
            measuring.cancel()
