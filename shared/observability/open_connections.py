"""Shows the open connections of a listener as metrics."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shared.peers.open_connections import OpenConnections, RefusedConnection


class OpenConnectionsCollector(Collector):
    """Collects how many connections are open, and how many were refused for which reason."""

    def __init__(self, connections: OpenConnections) -> None:
        self._connections = connections

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        yield GaugeMetricFamily(
            "mailroom_connections", "Connections of clients here", len(self._connections)
        )
        refused = CounterMetricFamily(
            "mailroom_connections_refused", "Connections refused at once", labels=["reason"]
        )
        for reason in RefusedConnection:
            refused.add_metric([reason.name.lower()], self._connections.refused[reason])
        yield refused
