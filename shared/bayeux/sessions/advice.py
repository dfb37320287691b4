"""The advice to clients about the time of their next connect."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Advice:
    """The times of a client's next connect, in milliseconds."""

    timeout: int
    interval: int
    multiple_clients: bool = False

    def as_fields(self) -> dict[str, object]:
        """Return the value of `advice` in a reply."""
        fields: dict[str, object] = {"reconnect": "retry"}
        fields |= {"interval": self.interval, "timeout": self.timeout}
        return fields | {"multiple-clients": True} if self.multiple_clients else fields


def milliseconds(duration: timedelta) -> int:
    """Return a duration in whole milliseconds, as Bayeux writes it."""
    return duration // timedelta(milliseconds=1)
