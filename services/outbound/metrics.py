"""Outbound's Prometheus metrics."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

CONCLUDED: Final = Counter(
    "mailroom_deliveries_total", "Attempts to deliver a mail, by how they ended", ["outcome"]
)
UNCERTAIN: Final = Gauge(
    "mailroom_uncertain_deliveries",
    "Mails of all pods whose final dot was never answered, and which wait for an operator",
)
SECONDS: Final = Histogram(
    "mailroom_smtp_transaction_seconds",
    "Time from MAIL, or from connecting, to the last answer",
    buckets=(0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600),
)
LOGIN_REFUSED: Final = Gauge(
    "mailroom_outbound_login_refused",
    "1 where the mail server cannot be logged in to: `mailroom doctor` says why",
    ["login"],
)
