"""The view of an agent's desktop: a snapshot, and every message since. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

Message = Mapping[str, Any]

_OF_THE_NEWS: Final = frozenset(
    {"notificationType", "reason", "errorDescription", "operationName", "position"}
)
"""Fields that tell what happened, not what there is."""


class View:
    """An agent's desk as messages describe it: the newest of each interaction counts.

    A message without capabilities is about something that is not, or no longer, on the desk.
    """

    def __init__(self) -> None:
        self.desk: dict[str, Message] = {}
        self._newest: dict[str, int] = {}

    def begin(self, snapshot: Iterable[Message]) -> None:
        """Show what was read, and nothing else."""
        self.desk = {one["id"]: settled(one) for one in snapshot}
        self._newest |= {one["id"]: one["sequence"] for one in self.desk.values()}

    def hear(self, message: Message) -> None:
        """Take a message in; one that is older than what is shown changes nothing."""
        about, sequence = message["id"], message["sequence"]
        if sequence < self._newest.get(about, 0):
            return
        self._newest[about] = sequence
        if message["capabilities"]:
            self.desk[about] = settled(message)
        else:
            self.desk.pop(about, None)


def settled(message: Message) -> Message:
    """Return what a message says about the interaction itself."""
    return {name: value for name, value in message.items() if name not in _OF_THE_NEWS}


def differences(shown: Mapping[str, Message], read: Mapping[str, Message]) -> list[str]:
    """Say in what a desk that messages describe differs from the desk as it was read."""
    found = [f"{one} is shown and not there" for one in shown.keys() - read.keys()]
    found += [f"{one} is there and not shown" for one in read.keys() - shown.keys()]
    for one in shown.keys() & read.keys():
        ours, theirs = settled(shown[one]), settled(read[one])
        found += [
            f"{one}: {name} is shown as {ours.get(name)!r} and is {theirs.get(name)!r}"
            for name in sorted(ours.keys() | theirs.keys())
            if ours.get(name) != theirs.get(name)
        ]
    return sorted(found)
