"""An index of subscriptions by user and topic."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from shared.bayeux.sessions.subscription_policy import Route

Client = TypeVar("Client")


class Subscriptions(Generic[Client]):
    """Finds the clients for an event, and the channel of each, by one look-up."""

    __slots__ = ("_routes_of", "_subscribers")

    def __init__(self) -> None:
        self._subscribers: dict[tuple[str, str], tuple[tuple[str, Client], ...]] = {}
        self._routes_of: Counter[str] = Counter()

    @property
    def users(self) -> Iterable[str]:
        """The ids of the users with at least one route."""
        return tuple(self._routes_of)

    def add(self, user_id: str, client: Client, routes: Iterable[Route]) -> bool:
        """Add routes of a user's client; return whether the user had none before."""
        is_first = user_id not in self._routes_of
        for route in routes:
            key, subscriber = (user_id, route.topic), (route.channel, client)
            subscribers = self._subscribers.get(key, ())
            if subscriber not in subscribers:
                self._subscribers[key] = (*subscribers, subscriber)
                self._routes_of[user_id] += 1
        return is_first and user_id in self._routes_of

    def remove(self, user_id: str, client: Client, routes: Iterable[Route]) -> bool:
        """Remove routes of a user's client; return whether they were the user's last."""
        if user_id not in self._routes_of:
            return False
        for route in routes:
            self._remove((user_id, route.topic), (route.channel, client))
        return user_id not in self._routes_of

    def subscribers(self, user_id: str, topic: str) -> Sequence[tuple[str, Client]]:
        """Return channel and client of each subscription to a topic of a user.

        Later changes do not affect the result.
        """
        return self._subscribers.get((user_id, topic), ())

    def _remove(self, key: tuple[str, str], subscriber: tuple[str, Client]) -> None:
        before = self._subscribers.get(key, ())
        after = tuple(one for one in before if one != subscriber)
        if after:
            self._subscribers[key] = after
        else:
            self._subscribers.pop(key, None)
        self._routes_of[key[0]] -= len(before) - len(after)
        if not self._routes_of[key[0]]:
            del self._routes_of[key[0]]
