"""A message to the clients of an agent."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """A payload for the subscribers of a topic."""

    topic: str
    payload: object
