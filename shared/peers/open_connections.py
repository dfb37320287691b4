"""Limits on the open connections of a listener, of each peer and of all. Pure."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice
from typing import Any, Final, Protocol

from shared.peers.network_peers import Network, is_in, peer_of
from shared.peers.rate_limits import RateLimits

_LOOKED_AT: Final = 32
"""Connections that are looked at for each new one, so that thousands cost no more."""


class LimitedConnection(Protocol):
    """The properties of a connection that the limits need."""

    @property
    def waiting_since(self) -> float | None:
        """Since when the client has been awaited; None while the client awaits an answer."""
        ...

    def give_way(self) -> None:
        """End the connection for a new one."""
        ...


class RefusedConnection(Enum):
    """Why a connection is refused."""

    TOO_OFTEN = auto()
    """Its peer has opened too many within a minute."""
    FULL = auto()
    """There are too many, and the client of each one that was looked at awaits an answer."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How many connections there may be: `most` in all, opened `per_minute` by a peer.

    A peer that has `per_peer` gives up one whose client has been awaited for `patience` seconds for
    each new one. `exempt` peers, such as proxies, stand for many and have no such limits.
    """

    most: int
    per_peer: int
    per_minute: int
    exempt: Collection[Network] = ()
    patience: float = 2.0


class OpenConnections:
    """The open connections of a listener. Admits new ones and ends idle ones for them.

    A connection whose client awaits an answer is never ended: a held poll, a websocket. `now` is in
    the seconds of `waiting_since`.
    """

    def __init__(self, limits: ConnectionLimits, now: Callable[[], float]) -> None:
        self._limits = limits
        self._now = now
        self._peers: dict[LimitedConnection, str] = {}
        self._of_peer: dict[str, dict[LimitedConnection, None]] = {}
        self._rates = RateLimits(limits.per_minute)
        self.refused: Counter[RefusedConnection] = Counter()

    def __len__(self) -> int:
        return len(self._peers)

    def admit(self, connection: LimitedConnection, address: str) -> RefusedConnection | None:
        """Add a connection and return None, or return why it is refused."""
        refusal = self._refusal(address)
        if refusal is None:
            self._add(connection, peer_of(address))
        else:
            self.refused[refusal] += 1
        return refusal

    def replace(self, old: LimitedConnection, new: LimitedConnection) -> None:
        """Count a connection as another object from now on, which speaks another protocol."""
        peer = self._peers.get(old)
        if peer is not None:
            self.remove(old)
            self._add(new, peer)

    def remove(self, connection: LimitedConnection) -> None:
        """Remove a connection, if it is still there."""
        peer = self._peers.pop(connection, None)
        if peer is None:
            return
        theirs = self._of_peer[peer]
        del theirs[connection]
        if not theirs:
            del self._of_peer[peer]

    def _add(self, connection: LimitedConnection, peer: str) -> None:
        self._peers[connection] = peer
        self._of_peer.setdefault(peer, {})[connection] = None

    def _refusal(self, address: str) -> RefusedConnection | None:
        peer = peer_of(address)
        if not is_in(address, self._limits.exempt):
            if self._rates.take(peer, self._now()):
                return RefusedConnection.TOO_OFTEN
            theirs = self._of_peer.get(peer, {})
            if len(theirs) >= self._limits.per_peer:
                # Without an idle one all of its clients await answers, as behind one address of a
                # company: no reason to refuse while there is room.
                self._end_idle_one(theirs)
        if len(self._peers) < self._limits.most or self._end_idle_one(self._peers):
            return None
        return RefusedConnection.FULL

    def _end_idle_one(self, some: dict[LimitedConnection, Any]) -> bool:
        """End one idle connection of the peer that has most; say whether there was one."""
        latest = self._now() - self._limits.patience
        looked_at = list(islice(some, _LOOKED_AT))
        for one in looked_at:  # the next new connection looks at others
            some[one] = some.pop(one)
        idle = [one for one in looked_at if _is_idle(one, latest)]
        if not idle:
            return False
        ended = max(idle, key=lambda one: len(self._of_peer[self._peers[one]]))
        self.remove(ended)
        ended.give_way()
        return True


def _is_idle(connection: LimitedConnection, latest: float) -> bool:
    since = connection.waiting_since
    return since is not None and since <= latest
