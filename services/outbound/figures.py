"""What outbound counts for its operator."""

from typing import Final

from prometheus_client import Counter, Histogram

CONCLUDED: Final = Counter(
    "mailroom_deliveries_total", "Attempts to deliver a mail, by how they ended", ["outcome"]
)
UNCERTAIN: Final = Counter(
    "mailroom_uncertain_deliveries_total",
    "Mails whose final dot was sent and never answered, held or sent once more",
)
SECONDS: Final = Histogram(
    "mailroom_smtp_transaction_seconds",
    "Time from MAIL, or from connecting, to the last answer",
    buckets=(0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600),
)
