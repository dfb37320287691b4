"""The advice to clients about the time of their next connect."""

from dataclasses import dataclass
from datetime import timedelta

from shared.bayeux.messages.message import Reply


@dataclass(frozen=True, slots=True)
class Advice:
    """The times of a client's next connect, in milliseconds."""

    timeout: int
    interval: int
    multiple_clients: bool = False

    def as_fields(self) -> Reply:
        """Return the value of `advice` in a reply."""
        fields: Reply = {"reconnect": "retry", "interval": self.interval, "timeout": self.timeout}
        return fields | {"multiple-clients": True} if self.multiple_clients else fields


def milliseconds(duration: timedelta) -> int:
    """Return a duration in whole milliseconds, as Bayeux writes it."""
    return duration // timedelta(milliseconds=1)
