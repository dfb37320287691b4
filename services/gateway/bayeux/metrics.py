"""The hub's numbers for Prometheus, read when they are scraped."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import fields

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.gateway.bayeux.hub import Hub
from services.gateway.bayeux.session import Transport


class BayeuxCollector(Collector):
    """Register it once: `registry.register(BayeuxCollector(application.hub))`."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def collect(self) -> Iterable[Metric]:
        """Yield sessions by transport, held connects, the longest queue and all counters."""
        yield self._sessions()
        sessions = list(self._hub.sessions())
        yield GaugeMetricFamily(
            "bayeux_held_connects",
            "Connects that wait for an event",
            value=sum(session.hold is not None for session in sessions),
        )
        yield GaugeMetricFamily(
            "bayeux_longest_queue_events",
            "Events in the fullest session",
            value=max((len(session.mailbox) for session in sessions), default=0),
        )
        yield from self._totals()

    def _sessions(self) -> Metric:
        gauge = GaugeMetricFamily("bayeux_sessions", "Live sessions", labels=["transport"])
        count = Counter(session.transport for session in self._hub.sessions())
        for transport in Transport:
            gauge.add_metric([transport], count[transport])
        return gauge

    def _totals(self) -> Iterable[Metric]:
        counters = self._hub.counters
        for field in fields(counters):
            name = f"bayeux_{field.name}"
            words = field.name.replace("_", " ").capitalize()
            yield CounterMetricFamily(name, words, value=getattr(counters, field.name))
