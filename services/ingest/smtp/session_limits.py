"""Which sessions there are, and who may have one more: rules about peers."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from operator import itemgetter
from typing import Final, Protocol, TypeAlias

from prometheus_client import Gauge

from shared.domain.network_peers import parsed_address, peer_of

Network: TypeAlias = IPv4Network | IPv6Network

OPEN: Final = Gauge("mailroom_ingest_sessions", "Sessions of SMTP and LMTP that are open here")

FULL: Final = b"421 4.3.2 too many sessions, try again later\r\n"
CROWDED: Final = b"421 4.7.0 too many sessions from your network, try again later\r\n"
IDLE: Final = b"421 4.3.2 others need this session, come back with the next mail\r\n"
OVERFULL: Final = b"421 4.3.1 too much mail at the same time, try again later\r\n"
STOPPING: Final = b"421 4.3.2 the service is stopping, try again later\r\n"


class OpenSmtpSession(Protocol):
    """What is asked of a session."""

    address: str

    @property
    def useful_at(self) -> float:
        """When it was opened, or handed in its last mail."""
        ...

    @property
    def is_handing_in(self) -> bool:
        """Say whether it is between DATA and the answer to the final dot."""
        ...

    @property
    def is_storing(self) -> bool:
        """Say whether a whole mail has come and its answer has not been given."""
        ...

    def send_away(self, reason: bytes) -> None:
        """End the session with these words."""
        ...


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How many sessions there may be: in all, and of one peer that is no relay.

    Where there are no more, one that was of no use for `idle_when_full` seconds makes room.
    `room` is how many octets of mails they may hand in at the same time.
    """

    most: int
    per_peer: int
    relays: Collection[Network]
    idle_when_full: float
    room: int


class SmtpSessions:
    """The open sessions."""

    def __init__(self, limits: SessionLimits, now: Callable[[], float]) -> None:
        self._limits = limits
        self._now = now
        self._open: dict[OpenSmtpSession, str] = {}
        self._of_peer: Counter[str] = Counter()
        self._in_hand: Counter[OpenSmtpSession] = Counter()
        self._octets_in_hand = 0
        self._changed = asyncio.Event()
        self._is_stopping = False

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, session: OpenSmtpSession) -> bytes | None:
        """Let a session in; or return why it is turned away."""
        if self._is_stopping:
            return STOPPING
        peer = peer_of(session.address)
        mine = self._of_peer[peer]
        if mine >= self._limits.per_peer and not self._is_relay(session.address):
            return CROWDED
        if len(self._open) >= self._limits.most and not self._make_room(mine):
            return FULL
        self._open[session] = peer
        self._of_peer[peer] += 1
        OPEN.set(len(self._open))
        return None

    def end(self, session: OpenSmtpSession) -> None:
        """Forget a session. It may have been forgotten before."""
        peer = self._open.pop(session, None)
        if peer is None:
            return
        OPEN.set(len(self._open))
        self._changed.set()
        self._of_peer[peer] -= 1
        if not self._of_peer[peer]:
            del self._of_peer[peer]

    def take(self, session: OpenSmtpSession, octets: int) -> None:
        """Note octets of a mail; without room for them, the peer that hands in most ends one."""
        self._in_hand[session] += octets
        self._octets_in_hand += octets
        while self._octets_in_hand > self._limits.room and (largest := self._largest()):
            self._let_go(largest)
            largest.send_away(OVERFULL)

    def finish_mail(self, session: OpenSmtpSession) -> None:
        """Note that a session has come to the end of a mail."""
        self._let_go(session)
        self._changed.set()

    def _let_go(self, session: OpenSmtpSession) -> None:
        self._octets_in_hand -= self._in_hand.pop(session, 0)

    def _largest(self) -> OpenSmtpSession | None:
        """Return the largest mail of the peer that hands in most; one that is whole is kept."""
        of_peer: Counter[str] = Counter()
        for one, octets in self._in_hand.items():
            of_peer[peer_of(one.address)] += octets
        return max(
            (one for one in self._in_hand if not one.is_storing),
            key=lambda one: (of_peer[peer_of(one.address)], self._in_hand[one]),
            default=None,
        )

    async def end_all(self) -> None:
        """Let nobody in any more; end idle sessions at once, and the others after their mail."""
        self._is_stopping = True
        while self._open:
            self._changed.clear()
            for session in [one for one in self._open if not one.is_handing_in]:
                session.send_away(STOPPING)
            await self._changed.wait()

    def _make_room(self, mine: int) -> bool:
        """End the least useful session of the peer that has most, unless I have more myself."""
        latest = self._now() - self._limits.idle_when_full
        idle = [
            (self._of_peer[peer], -one.useful_at, one)
            for one, peer in self._open.items()
            if one.useful_at <= latest and not one.is_handing_in and self._of_peer[peer] >= mine
        ]
        if not idle:
            return False
        *_, spared = max(idle, key=itemgetter(0, 1))
        self.end(spared)
        spared.send_away(IDLE)
        return True

    def _is_relay(self, address: str) -> bool:
        parsed = parsed_address(address)
        return parsed is not None and any(parsed in network for network in self._limits.relays)
