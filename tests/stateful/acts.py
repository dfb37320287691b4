"""What agents can do next: every order that a capability stands for, with parameters. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.stateful.bodies import body_of
from tests.stateful.census import Census
from tests.stateful.effects import Order
from tests.stateful.rules import LICENSED, ORDERS, Refusal, verdict


@dataclass(frozen=True, slots=True)
class Probe:
    """An order that has to be refused, and how."""

    order: Order
    refusal: Refusal


def possible(census: Census, number: int, logged_in: Sequence[str]) -> list[Order]:
    """Return all that the capabilities of all snapshots offer to somebody, in a fixed order.

    `number` chooses the parameters; `logged_in` are agents who may be transferred to.
    """
    return [
        _order(census, agent, name, about, number, logged_in)
        for agent in census.desks
        for about, shown in _open_to(census, agent).items()
        for capability in (*shown["capabilities"], *shown["extendedCapabilities"])
        for name in LICENSED[capability]
    ]


def forbidden(census: Census, about: str) -> list[Probe]:
    """Return every order about one interaction that has to be refused to somebody."""
    message = census.shown(about) or census.listed.get(about) or census.ended[about]
    direction = "Inbound" if message["interactionSubType"].startswith("In") else "Outbound"
    agents = list(census.desks)
    probes = []
    for agent in agents:
        for name in ORDERS:
            refusal = verdict(name, direction, message["state"], census.stance(agent, about))
            if refusal is not None:
                probes.append(Probe(_order(census, agent, name, about, 0, agents), refusal))
    return probes


def _order(
    census: Census, agent: str, name: str, about: str, number: int, agents: Sequence[str]
) -> Order:
    others = [one for one in agents if one != agent]
    body = body_of(name, number, others)
    return Order(agent, name, about, body, census.shown(about) or {})


def _open_to(census: Census, agent: str) -> Mapping[str, Mapping[str, list[str]]]:
    kept = [bin_ for name, bin_ in census.bins.items() if agent in census.open_to[name]]
    return {one: shown for part in (census.desks[agent], *kept) for one, shown in part.items()}
