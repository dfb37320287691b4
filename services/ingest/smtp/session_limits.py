"""The open sessions, and the limits on sessions, mails and octets of each peer."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, Protocol

from prometheus_client import Gauge

from shared.peers.network_peers import Network, is_in, peer_of
from shared.peers.rate_limits import RateLimits

OPEN: Final = Gauge("mailroom_ingest_sessions", "Sessions of SMTP and LMTP that are open here")

FULL: Final = b"421 4.3.2 too many sessions, try again later\r\n"
CROWDED: Final = b"421 4.7.0 too many sessions from your network, try again later\r\n"
TOO_OFTEN: Final = b"421 4.7.0 too many connections in a minute, try again later\r\n"
IDLE: Final = b"421 4.3.2 others need this session, come back with the next mail\r\n"
OVERFULL: Final = b"421 4.3.1 too much mail at the same time, try again later\r\n"
STOPPING: Final = b"421 4.3.2 the service is stopping, try again later\r\n"


class OpenSmtpSession(Protocol):
    """The properties of a session that the limits need."""

    address: str

    @property
    def active_at(self) -> float:
        """The loop time at which the session was opened or its last mail was accepted."""
        ...

    @property
    def is_in_data(self) -> bool:
        """Say whether the session is between DATA and the reply to the final dot."""
        ...

    @property
    def is_storing(self) -> bool:
        """Say whether a whole mail has been received and not been replied to."""
        ...

    def close_with(self, reason: bytes) -> None:
        """Write a last reply and close the connection."""
        ...


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How many sessions there may be: `most` in all, `per_peer` of a peer that is no relay.

    When all are in use, a session without a mail for `idle_when_full` seconds is closed for a new
    one. `room` is how many octets of mail all sessions may be receiving at the same time. A peer
    that is no relay may begin `mails_per_peer` mails and `new_per_peer` sessions a minute.
    """

    most: int
    per_peer: int
    relays: Collection[Network]
    idle_when_full: float
    room: int
    mails_per_peer: int
    new_per_peer: int
    proxies: Collection[Network] = ()


class SmtpSessions:
    """The open sessions. Admits new ones and closes some, as the limits say."""

    def __init__(self, limits: SessionLimits, now: Callable[[], float]) -> None:
        self._limits = limits
        self._now = now
        self._open: dict[OpenSmtpSession, str] = {}
        self._of_peer: Counter[str] = Counter()
        self._in_hand: Counter[OpenSmtpSession] = Counter()
        self._octets_in_hand = 0
        self._mails = RateLimits(limits.mails_per_peer)
        self._new = RateLimits(limits.new_per_peer)
        self._changed = asyncio.Event()
        self._is_stopping = False

    def __len__(self) -> int:
        return len(self._open)

    def is_proxy(self, address: str) -> bool:
        """Say whether the peer at an address is believed when it names another one."""
        return is_in(address, self._limits.proxies)

    def is_too_fast(self, session: OpenSmtpSession) -> bool:
        """Count a mail that a session begins, unless its peer has begun too many already."""
        if self._is_relay(session.address):
            return False
        return self._mails.take(peer_of(session.address), self._now()) > 0

    def refusal_at_door(self, address: str) -> bytes | None:
        """Count a connection of a peer; return the reply that refuses it, None if it may go on.

        A session that goes on costs twenty times as much as a refusal. A proxy has not named its
        peer yet.
        """
        if self._is_stopping:
            return STOPPING
        if self.is_proxy(address) or self._is_relay(address):
            return None
        peer = peer_of(address)
        if self._new.take(peer, self._now()):
            return TOO_OFTEN
        return CROWDED if self._of_peer.get(peer, 0) >= self._limits.per_peer else None

    def readmit(self, session: OpenSmtpSession) -> bytes | None:
        """Admit a session again, whose address has become known by its proxy; else as `admit`."""
        self.remove(session)
        return self.refusal_at_door(session.address) or self.admit(session)

    def admit(self, session: OpenSmtpSession, *, counts: bool = True) -> bytes | None:
        """Add a session and return None, or return the reply that refuses it.

        Without `counts` the peer is a proxy that has not named the real one yet.
        """
        if self._is_stopping:
            return STOPPING
        peer = peer_of(session.address)
        mine = self._of_peer[peer]
        if counts and mine >= self._limits.per_peer and not self._is_relay(session.address):
            return CROWDED
        if len(self._open) >= self._limits.most and not self._make_room(mine):
            return FULL
        self._open[session] = peer
        self._of_peer[peer] += 1
        OPEN.set(len(self._open))
        return None

    def remove(self, session: OpenSmtpSession) -> None:
        """Remove a session, if it is still there."""
        peer = self._open.pop(session, None)
        if peer is None:
            return
        OPEN.set(len(self._open))
        self._changed.set()
        self._of_peer[peer] -= 1
        if not self._of_peer[peer]:
            del self._of_peer[peer]

    def add_octets(self, session: OpenSmtpSession, octets: int) -> None:
        """Count octets of a mail. Without room, close a session of the peer that sends most."""
        self._in_hand[session] += octets
        self._octets_in_hand += octets
        while self._octets_in_hand > self._limits.room and (largest := self._largest()):
            self._forget_octets(largest)
            largest.close_with(OVERFULL)

    def finish_mail(self, session: OpenSmtpSession) -> None:
        """Stop counting the octets of a session's mail, which has ended."""
        self._forget_octets(session)
        self._changed.set()

    def _forget_octets(self, session: OpenSmtpSession) -> None:
        self._octets_in_hand -= self._in_hand.pop(session, 0)

    def _largest(self) -> OpenSmtpSession | None:
        """Return the session with the largest unfinished mail, of the peer that sends most."""
        of_peer: Counter[str] = Counter()
        for one, octets in self._in_hand.items():
            of_peer[peer_of(one.address)] += octets
        return max(
            (one for one in self._in_hand if not one.is_storing),
            key=lambda one: (of_peer[peer_of(one.address)], self._in_hand[one]),
            default=None,
        )

    async def close_all(self) -> None:
        """Refuse new sessions; close idle ones at once, others after their mail; wait for all."""
        self._is_stopping = True
        while self._open:
            self._changed.clear()
            for session in [one for one in self._open if not one.is_in_data]:
                session.close_with(STOPPING)
            await self._changed.wait()

    def _make_room(self, mine: int) -> bool:
        """Close the session that is idle longest, of the peer with most sessions; say if one was.

        `mine` is how many sessions the new peer has. A peer with fewer keeps its own.
        """
        latest = self._now() - self._limits.idle_when_full
        idle = [
            (self._of_peer[peer], -one.active_at, one)
            for one, peer in self._open.items()
            if one.active_at <= latest and not one.is_in_data and self._of_peer[peer] >= mine
        ]
        if not idle:
            return False
        *_, closed = max(idle, key=itemgetter(0, 1))
        self.remove(closed)
        closed.close_with(IDLE)
        return True

    def _is_relay(self, address: str) -> bool:
        return is_in(address, self._limits.relays)
