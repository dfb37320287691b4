"""Permissions of a broker user, derived from what its service consumes and publishes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from shared.contracts.envelope import EVENTS, JOURNALED, Contract
from shared.contracts.outgoing import Outgoing
from shared.messaging.topology import Binding, WorkQueue

NOTHING: Final = "^$"
EVERYTHING: Final = ".*"
_OWN_NAMELESS: Final = r"amq\.gen-.+"
"""Queues named by the broker; each belongs to the connection that declared it."""


@dataclass(frozen=True, slots=True)
class Permission:
    """Regular expressions for the names that a user may configure, write to and read from."""

    configure: str
    write: str
    read: str


@dataclass(frozen=True, slots=True)
class TopicPermission:
    """The routing keys with which a user may publish to a topic exchange, or bind to it."""

    exchange: str
    write: str
    read: str


ALL: Final = Permission(EVERYTHING, EVERYTHING, EVERYTHING)
NONE: Final = Permission(NOTHING, NOTHING, NOTHING)


@dataclass(frozen=True, slots=True)
class BrokerRights:
    """The rights that a service needs at the broker.

    It consumes `queues` and publishes contracts of the kinds `publishes`. With
    `uses_journal_exchange` it also publishes to the journal's exchange and reads from it. A service
    that consumes no queue has a `name`, by which it marks the broker.
    """

    queues: tuple[WorkQueue, ...]
    publishes: tuple[type[Contract], ...]
    uses_journal_exchange: bool = False
    name: str = ""
    # Every message of an outbox is looked up.
    _compiled: dict[str, re.Pattern[str]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def marker_prefix(self) -> str:
        """Return how the queues begin by which the service notices that the broker lost its data.

        Raises:
            ValueError: The service consumes no queue and has no name.
        """
        name = self.queues[0].name if self.queues else self.name
        if not name:
            raise ValueError("BrokerRights of a service without queues need its name")
        return f"{name}.seen-"

    @property
    def permission(self) -> Permission:
        """Return the permissions for exchanges and queues.

        The broker's default exchange is never among them, because it leads to every queue. Each
        service has its own exchange for commands, and only services that send it commands may
        write there: routing keys alone are no boundary, because the dead letters of a queue pass
        every check of routing keys.
        """
        own = [pattern for queue in self.queues for pattern in _own(queue)]
        if not self.queues and self.name:
            own.append(re.escape(self.marker_prefix) + ".+")
        if self.uses_journal_exchange:
            own.append(_OWN_NAMELESS)
        pods = {JOURNALED} if self.uses_journal_exchange else set()
        published = {contract.exchange for contract in self.publishes}
        bound = {binding.exchange for binding in self._bindings}
        return Permission(
            configure=_any_of(own),
            write=_any_of([*own, *map(re.escape, sorted(published | pods))]),
            read=_any_of([*own, *map(re.escape, sorted(bound | pods))]),
        )

    @property
    def publishes_to(self) -> list[str]:
        """Return the exchanges that the service publishes to."""
        pods = {JOURNALED} if self.uses_journal_exchange else set()
        own = {queue.retries for queue in self.queues}
        return sorted({contract.exchange for contract in self.publishes} | own | pods)

    @property
    def topics(self) -> tuple[TopicPermission, ...]:
        """Return the routing keys for each topic exchange.

        Every topic exchange is listed, because the broker allows any key on one that is not.
        """
        published = {contract.exchange for contract in self.publishes}
        exchanges = {EVENTS} | published | {binding.exchange for binding in self._bindings}
        return tuple(
            TopicPermission(exchange, self._keys(exchange), self._patterns(exchange))
            for exchange in sorted(exchanges)
        )

    @property
    def _bindings(self) -> list[Binding]:
        return [binding for queue in self.queues for binding in queue.bindings]

    def may_publish(self, message: Outgoing) -> bool:
        """Say whether this service may publish a message of an outbox."""
        keys = self._compiled.get(message.exchange)
        if keys is None:
            keys = self._compiled[message.exchange] = re.compile(self._keys(message.exchange))
        return keys.search(message.routing_key) is not None

    def _keys(self, exchange: str) -> str:
        addresses = [one.address for one in self.publishes if one.exchange == exchange]
        # The routing key of an event is its address and then the agent.
        end = r"\.[^.]+" if exchange == EVENTS else ""
        return _any_of(f"{re.escape(address)}{end}" for address in addresses)

    def _patterns(self, exchange: str) -> str:
        return _any_of(re.escape(one.pattern) for one in self._bindings if one.exchange == exchange)


def _own(queue: WorkQueue) -> list[str]:
    beside = [re.escape(exchange) for exchange in queue.exchanges]
    return [rf"{re.escape(queue.name)}(\..+)?", *beside]


def _any_of(patterns: Iterable[str]) -> str:
    some = "|".join(patterns)
    return f"^({some})$" if some else NOTHING
