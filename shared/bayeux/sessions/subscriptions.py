"""Subscriptions by user, topic and channel: which sessions get an event."""

from collections import Counter
from collections.abc import Iterable, Sequence

from shared.bayeux.sessions.session import Session
from shared.bayeux.sessions.subscription_policy import Route

Subscriber = tuple[str, Session]
"""The channel on which a session hears a topic, and the session."""


class Subscriptions:
    """Finds the sessions for an event without looking at any other."""

    __slots__ = ("_routes_of", "_subscribers")

    def __init__(self) -> None:
        self._subscribers: dict[tuple[str, str], tuple[Subscriber, ...]] = {}
        self._routes_of: Counter[str] = Counter()

    @property
    def users(self) -> Iterable[str]:
        """The users who have at least one route."""
        return tuple(self._routes_of)

    def add(self, session: Session, routes: Iterable[Route]) -> bool:
        """Enter routes; True when they are the first of this user."""
        is_first = session.user_id not in self._routes_of
        for route in routes:
            key, subscriber = (session.user_id, route.topic), (route.channel, session)
            subscribers = self._subscribers.get(key, ())
            if subscriber not in subscribers:
                self._subscribers[key] = (*subscribers, subscriber)
                self._routes_of[session.user_id] += 1
        return is_first and session.user_id in self._routes_of

    def remove(self, session: Session, routes: Iterable[Route]) -> bool:
        """Strike routes out; True when the user has none left and had some."""
        if session.user_id not in self._routes_of:
            return False
        for route in routes:
            self._remove((session.user_id, route.topic), (route.channel, session))
        return session.user_id not in self._routes_of

    def subscribers(self, user_id: str, topic: str) -> Sequence[Subscriber]:
        """Return who hears a topic of a user, as it is now."""
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
