"""Slows down password guessing, in all pods together."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.gateway.auth.failed_login_store import FailedLogins, FailedLoginStore
from shared.domain.network_peers import peer_of

_LONGEST: Final = timedelta(minutes=5)
_HALF_LIFE: Final = timedelta(minutes=15)
_FREE_TOGETHER: Final = 5
_FREE_NAME: Final = 50
_FREE_ADDRESS: Final = 100


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login that is tried: under a name, from an address, by a device with a good session.

    Whoever has one address of IPv6 has a site of them, which counts as one.
    """

    user_name: str
    client: str
    device: str | None = None

    @property
    def together(self) -> str:
        """The key of the name at this address, or of the device."""
        if self.device is not None:
            return f"device {self.device}"
        return f"{peer_of(self.client)} {self.user_name[:256]}"

    @property
    def apart(self) -> tuple[tuple[str, int], ...]:
        """The keys of the name and of the address, and how many failures of each are free."""
        if self.device is not None:
            return ()
        return (
            (f"name {self.user_name[:256]}", _FREE_NAME),
            (f"address {peer_of(self.client)}", _FREE_ADDRESS),
        )


class LoginThrottle:
    """Decides how long a login has to wait.

    Failures are counted for the name at an address, for the name, and for the address. A device
    with a good session is counted for itself alone, and where the name logged in before only the
    first of the three counts: guessing from elsewhere locks nobody out.
    """

    def __init__(self, failures: FailedLoginStore) -> None:
        self._failures = failures

    async def wait(self, attempt: Attempt, now: datetime) -> float:
        """Return how many seconds must pass before this is tried; 0 if none."""
        known = await self._failures.read([attempt.together, *(key for key, _ in attempt.apart)])
        here = known.get(attempt.together)
        waits = [waiting(here, _FREE_TOGETHER, now)]
        if here is None or not here.is_welcome:
            waits += [waiting(known.get(key), free, now) for key, free in attempt.apart]
        return max(waits)

    async def fail(self, attempt: Attempt, now: datetime) -> None:
        """Note that it was the wrong password, or the name of nobody."""
        keys = [attempt.together, *(key for key, _ in attempt.apart)]
        await self._failures.add(keys, now, _HALF_LIFE)

    async def succeed(self, attempt: Attempt, now: datetime) -> None:
        """Forget what was counted for the name at this address, which is known from now on."""
        await self._failures.forget(attempt.together, now)


def waiting(failures: FailedLogins | None, free: int, now: datetime) -> float:
    """Return the seconds to wait: doubled by each failure that is not free, up to five minutes."""
    excess = int(failures.count + 0.5) - free if failures else 0
    if failures is None or excess <= 0:
        return 0.0
    wait = min(_LONGEST.total_seconds(), 2.0 ** min(excess - 1, 30))
    return max(0.0, wait - (now - failures.at).total_seconds())
