"""An index of subscriptions by user and topic."""

from collections import Counter
from collections.abc import Iterable, Sequence

from shared.bayeux.sessions.session import Session
from shared.bayeux.sessions.subscription_policy import Route

Subscriber = tuple[str, Session]
"""The channel on which a session receives a topic, and the session."""


class Subscriptions:
    """Finds the sessions for an event by one look-up."""

    __slots__ = ("_routes_of", "_subscribers")

    def __init__(self) -> None:
        self._subscribers: dict[tuple[str, str], tuple[Subscriber, ...]] = {}
        self._routes_of: Counter[str] = Counter()

    @property
    def users(self) -> Iterable[str]:
        """The ids of the users with at least one route."""
        return tuple(self._routes_of)

    def add(self, session: Session, routes: Iterable[Route]) -> bool:
        """Add routes of a session; return whether the user had none before."""
        is_first = session.user_id not in self._routes_of
        for route in routes:
            key, subscriber = (session.user_id, route.topic), (route.channel, session)
            subscribers = self._subscribers.get(key, ())
            if subscriber not in subscribers:
                self._subscribers[key] = (*subscribers, subscriber)
                self._routes_of[session.user_id] += 1
        return is_first and session.user_id in self._routes_of

    def remove(self, session: Session, routes: Iterable[Route]) -> bool:
        """Remove routes of a session; return whether they were the user's last."""
        if session.user_id not in self._routes_of:
            return False
        for route in routes:
            self._remove((session.user_id, route.topic), (route.channel, session))
        return session.user_id not in self._routes_of

    def subscribers(self, user_id: str, topic: str) -> Sequence[Subscriber]:
        """Return the subscribers to a topic of a user; later changes do not affect the result."""
        return self._subscribers.get((user_id, topic), ())

    def _remove(self, key: tuple[str, str], subscriber: Subscriber) -> None:
        before = self._subscribers.get(key, ())
        after = tuple(one for one in before if one != subscriber)
        if after:
            self._subscribers[key] = after
        else:
            self._subscribers.pop(key, None)
        self._routes_of[key[0]] -= len(before) - len(after)
        if not self._routes_of[key[0]]:
            del self._routes_of[key[0]]
