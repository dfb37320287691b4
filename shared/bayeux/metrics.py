"""Prometheus metrics of the protocol, computed at each scrape."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import fields
from itertools import accumulate, product
from typing import Final

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from shared.bayeux.protocol.bayeux_protocol import BayeuxProtocol
from shared.bayeux.sessions.counters import BOUNDS
from shared.bayeux.sessions.session import Session, Transport

_STATES: Final = ("handshaken", "waiting", "between")


class BayeuxCollector(Collector):
    """Register it once: `registry.register(BayeuxCollector(bayeux_server.protocol))`."""

    def __init__(self, protocol: BayeuxProtocol) -> None:
        self._protocol = protocol

    def collect(self) -> Iterable[Metric]:
        """Yield sessions by transport and state, queue lengths, delays and all counters."""
        yield self._sessions()
        sessions = list(self._protocol.sessions())
        yield GaugeMetricFamily(
            "bayeux_held_connects",
            "Connects that wait for an event",
            value=sum(session.pending is not None for session in sessions),
        )
        yield GaugeMetricFamily(
            "bayeux_longest_queue_events",
            "Events in the fullest session",
            value=max((len(session.queue) for session in sessions), default=0),
        )
        yield GaugeMetricFamily(
            "bayeux_queued_events",
            "Events that wait in all sessions, unconfirmed ones included",
            value=sum(len(session.queue) for session in sessions),
        )
        yield GaugeMetricFamily(
            "bayeux_listening_sessions",
            "Sessions with at least one subscription",
            value=sum(bool(session.subscriptions) for session in sessions),
        )
        yield self._delays()
        yield from self._totals()

    def _sessions(self) -> Metric:
        gauge = GaugeMetricFamily("bayeux_sessions", "Live sessions", labels=["transport", "state"])
        count = Counter((one.transport, _state(one)) for one in self._protocol.sessions())
        for transport, state in product(Transport, _STATES):
            gauge.add_metric([transport, state], count[transport, state])
        return gauge

    def _delays(self) -> Metric:
        delays = self._protocol.counters.delays
        bounds = [*(str(bound) for bound in BOUNDS), "+Inf"]
        return HistogramMetricFamily(
            "bayeux_publish_to_write_seconds",
            "Time the oldest event of a write had waited since it was published",
            buckets=list(zip(bounds, accumulate(delays.buckets), strict=True)),
            sum_value=delays.total,
        )

    def _totals(self) -> Iterable[Metric]:
        counters = self._protocol.counters
        for field in fields(counters):
            if field.name == "delays":
                continue
            name = f"bayeux_{field.name}"
            words = field.name.replace("_", " ").capitalize()
            yield CounterMetricFamily(name, words, value=getattr(counters, field.name))


def _state(session: Session) -> str:
    """Return the label: no connect yet, a connect waits now, or between two connects."""
    if session.pending is not None:
        return "waiting"
    return "between" if session.connected else "handshaken"
