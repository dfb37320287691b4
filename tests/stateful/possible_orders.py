"""The orders that agents can give next: all that capabilities stand for, with parameters. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.stateful.bodies import body_of
from tests.stateful.effects import Order
from tests.stateful.rules import LICENSED, ORDERS, Refusal, expected_refusal
from tests.stateful.system_snapshot import SystemSnapshot


@dataclass(frozen=True, slots=True)
class Probe:
    """An order that has to be refused, and how."""

    order: Order
    refusal: Refusal


def possible(snapshot: SystemSnapshot, number: int, logged_in: Sequence[str]) -> list[Order]:
    """Return all that the capabilities of all snapshots offer to somebody, in a fixed order.

    `number` chooses the parameters; `logged_in` are agents who may be transferred to.
    """
    return [
        _order(snapshot, agent, name, about, number, logged_in)
        for agent in snapshot.desks
        for about, shown in _open_to(snapshot, agent).items()
        for capability in (*shown["capabilities"], *shown["extendedCapabilities"])
        for name in LICENSED[capability]
    ]


def forbidden(snapshot: SystemSnapshot, about: str) -> list[Probe]:
    """Return every order about one interaction that has to be refused to somebody."""
    message = snapshot.shown(about) or snapshot.listed.get(about) or snapshot.ended[about]
    direction = "Inbound" if message["interactionSubType"].startswith("In") else "Outbound"
    agents = list(snapshot.desks)
    probes = []
    for agent in agents:
        for name in ORDERS:
            refusal = expected_refusal(
                name, direction, message["state"], snapshot.relation(agent, about)
            )
            if refusal is not None:
                probes.append(Probe(_order(snapshot, agent, name, about, 0, agents), refusal))
    return probes


def _order(
    snapshot: SystemSnapshot, agent: str, name: str, about: str, number: int, agents: Sequence[str]
) -> Order:
    others = [one for one in agents if one != agent]
    body = body_of(name, number, others)
    return Order(agent, name, about, body, snapshot.shown(about) or {})


def _open_to(snapshot: SystemSnapshot, agent: str) -> Mapping[str, Mapping[str, list[str]]]:
    kept = [bin_ for name, bin_ in snapshot.bins.items() if agent in snapshot.open_to[name]]
    return {one: shown for part in (snapshot.desks[agent], *kept) for one, shown in part.items()}
