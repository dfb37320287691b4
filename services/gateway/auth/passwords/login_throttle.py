"""Slows down password guessing, with counters that all pods share."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.gateway.auth.passwords.failed_login_store import FailedLogins, FailedLoginStore
from shared.peers.network_peers import peer_of

# It leaves a guesser 288 tries a day, and a person who has mistyped can wait for it.
_MAX_WAIT: Final = timedelta(minutes=5)
# Yesterday's failures are gone, and those of a whole evening still count.
_HALF_LIFE: Final = timedelta(minutes=15)
# A whole office may share one address, and strangers may try one name from anywhere; only the
# two together are one person who mistypes.
_FREE_PAIR: Final = 5
_FREE_NAME: Final = 50
_FREE_ADDRESS: Final = 100


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login attempt: its user name, its address, and its device where it has a good session.

    The addresses of one IPv6 network count as one, because one customer gets them all.
    """

    user_name: str
    client: str
    device: str | None = None

    @property
    def own_key(self) -> str:
        """The counter of the name at this address, or of the device."""
        if self.device is not None:
            return f"device {self.device}"
        return f"{peer_of(self.client)} {self.user_name[:256]}"

    @property
    def shared_keys(self) -> tuple[tuple[str, int], ...]:
        """The counters of the name and of the address, each with its number of free failures."""
        if self.device is not None:
            return ()
        return (
            (f"name {self.user_name[:256]}", _FREE_NAME),
            (f"address {peer_of(self.client)}", _FREE_ADDRESS),
        )


class LoginThrottle:
    """Decides how long a login has to wait.

    Failures are counted for the name at an address, for the name, and for the address. A device
    with a good session has one counter of its own. Where a login of the name succeeded from this
    address before, only the first counter matters. So guesses from elsewhere lock nobody out.
    """

    def __init__(self, failures: FailedLoginStore) -> None:
        self._failures = failures

    async def wait(self, attempt: Attempt, now: datetime) -> float:
        """Return the seconds to wait before this attempt; 0 where it may be tried now."""
        found = await self._failures.read(
            [attempt.own_key, *(key for key, _ in attempt.shared_keys)]
        )
        own = found.get(attempt.own_key)
        waits = [seconds_to_wait(own, _FREE_PAIR, now)]
        if own is None or not own.has_succeeded:
            waits += [
                seconds_to_wait(found.get(key), free, now) for key, free in attempt.shared_keys
            ]
        return max(waits)

    async def fail(self, attempt: Attempt, now: datetime) -> None:
        """Count a failure: a wrong password or an unknown name."""
        keys = [attempt.own_key, *(key for key, _ in attempt.shared_keys)]
        await self._failures.add(keys, now, _HALF_LIFE)

    async def succeed(self, attempt: Attempt, now: datetime) -> None:
        """Set the counter of the name at this address to zero, and mark it as succeeded."""
        await self._failures.reset(attempt.own_key, now)


def seconds_to_wait(failures: FailedLogins | None, free: int, now: datetime) -> float:
    """Return the seconds to wait: each failure above `free` doubles them, up to five minutes."""
    excess = int(failures.count + 0.5) - free if failures else 0
    if failures is None or excess <= 0:
        return 0.0
    wait = min(_MAX_WAIT.total_seconds(), 2.0 ** min(excess - 1, 30))
    return max(0.0, wait - (now - failures.at).total_seconds())
